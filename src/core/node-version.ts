/** The oldest Node that this package runs on. The same as `engines` of `package.json`. */
const OLDEST = [22, 19] as const

/**
 * What to tell the user of an older Node. `undefined` for one that is new enough.
 *
 * Imports nothing: the command asks before it loads code that an older Node cannot load.
 */
export function oldNode(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined
  return `Node ${version} is too old: resilient-responses needs Node ${OLDEST.join('.')} or newer.`
}
