/** The one place that reads the environment: when a client is built, never at import. Empty values count as unset. */
export function readEnv(name: string): string | undefined {
  const value = process.env[name]?.trim()
  return value === '' ? undefined : value
}
