import { shown } from '../core/shown.ts'

/**
 * Refuses unknown names. If a misspelt option were ignored, the test would not prove what it says.
 *
 * @throws TypeError that names the option and the known options.
 */
export function checkNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what}: the options are ${shown(options)}; expected an object`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`${what}: unknown option '${unknown}'; accepted: ${known.join(', ')}`)
}
