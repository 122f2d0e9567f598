/**
 * The one place that reads the environment. Called when a client is built, never at import. Empty values count as
 * unset.
 */
export function readEnv(name: string): string | undefined {
  // `process.env.constructor` is a function.
  const value = Object.hasOwn(process.env, name) ? process.env[name]?.trim() : undefined
  return value === '' ? undefined : value
}

/** Whether the built-in `fetch` of this process uses the proxies of the environment. */
export function usesEnvProxy(): boolean {
  return readEnv('NODE_USE_ENV_PROXY') === '1' || process.execArgv.includes('--use-env-proxy')
}
