import { ConfigurationError } from './errors.ts'

/**
 * @param renamed old name → new name.
 * @param prefix the path of the object that holds the options, with its dot; empty at the top.
 * @throws ConfigurationError for an old name, with the new one.
 */
export function refuseRenamed(options: unknown, renamed: Readonly<Record<string, string>>, prefix: string): void {
  if (typeof options !== 'object' || options === null) return
  for (const name of Object.keys(renamed)) {
    if (!Object.hasOwn(options, name)) continue
    throw new ConfigurationError(
      `Option '${prefix}${name}' has a new name: '${prefix}${renamed[name]}'.`,
      `${prefix}${name}`,
    )
  }
}
