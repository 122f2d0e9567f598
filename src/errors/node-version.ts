import { ConfigurationError } from './errors.ts'

/** The oldest Node that this package runs on. The same as `engines` of `package.json`. */
const OLDEST = [22, 19] as const

/**
 * An older Node would fail in the middle of a call, where it looks like a failure of the network.
 *
 * @throws ConfigurationError that names the version.
 */
export function refuseOldNode(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return
  throw new ConfigurationError(
    `Node ${version} is too old: resilient-responses needs Node ${OLDEST.join('.')} or newer.`,
    '',
  )
}
