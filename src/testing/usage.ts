import { shown } from '../core/shown.ts'

/**
 * What a test hands in must be what is meant: a name that nobody knows would be ignored, and the test would prove something
 * else than it says.
 *
 * @throws TypeError that names the option and those that are known.
 */
export function checkNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what}: the options are ${shown(options)}; expected an object`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`${what}: unknown option '${unknown}'; known are ${known.join(', ')}`)
}
