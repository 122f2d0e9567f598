/** The endpoint's answer to a call. Both sides know it, so an answer to another call is noticed. */
export function answerTo(call: string): string {
  return `This is the answer to ${call} and to nothing else.`
}

/** The id of its response. Not a number, because a restarted endpoint would repeat numbers. */
export function responseIdOf(call: string): string {
  return `resp_${call}`
}
