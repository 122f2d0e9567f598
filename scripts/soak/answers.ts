/** What the endpoint answers to a call: both sides know, so an answer to another call is seen. */
export function answerTo(call: string): string {
  return `This is the answer to ${call} and to nothing else.`
}

/** The id of its response: endpoints come and go during a soak, and numbers would begin anew. */
export function responseIdOf(call: string): string {
  return `resp_${call}`
}
