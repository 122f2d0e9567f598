/** What must never be shown: planted in headers, bodies and the endpoint's own error messages. */
export const PLANTED = {
  key: 'sk-planted-key-4f9a2b7c1d',
  cookie: 'planted-cookie-8e31',
  prompt: 'PLANTED-PROMPT-5512',
  /** The credential that one of several endpoints has for itself. */
  ownKey: (endpoint: number) => `Bearer planted-own-key-77e${endpoint}`,
} as const

const VALUES = [PLANTED.key, PLANTED.cookie, PLANTED.prompt, 'planted-own-key-77e']

/** The first planted secret that `text` shows. */
export function secretIn(text: string): string | undefined {
  return VALUES.find((value) => text.includes(value))
}
