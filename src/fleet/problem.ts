/** The first word of an error that the server has answered with (`OOM`, `READONLY`, `NOPERM`). `undefined` for other errors. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const [word = ''] = error.message.split(' ', 1)
  return /^[A-Z]{2,16}$/.test(word) ? word : undefined
}

/** The same, or the code of an error of the client. Nothing else of it is shown. */
export function problemOf(error: unknown): string {
  const refusal = refusalOf(error)
  if (refusal !== undefined) return refusal
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined
  return typeof code === 'string' && /^[\w-]{1,40}$/.test(code) ? code : 'error'
}
