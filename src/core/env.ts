/**
 * The one place that reads the environment. Called when a client is built, never at import. Empty values count as
 * unset.
 */
export function readEnv(name: string): string | undefined {
  const value = process.env[name]?.trim()
  return value === '' ? undefined : value
}

/** Whether the built-in `fetch` of this process uses the proxies of the environment. */
export function usesEnvProxy(): boolean {
  return readEnv('NODE_USE_ENV_PROXY') === '1' || process.execArgv.includes('--use-env-proxy')
}
