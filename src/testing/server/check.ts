/**
 * Checks of user input, with the same rows as all options. Each error names the path, the value, and what is accepted.
 */

import { inspect } from 'node:util'
import { type AnyRules, faultIn, type Rule } from '../../core/rules.ts'

export type { Rule }

export const isNumber = (min: number, max = Number.POSITIVE_INFINITY): Rule => ({
  vocabulary: true,
  accepts: max === Number.POSITIVE_INFINITY ? `a number from ${min}` : `a number from ${min} to ${max}`,
  test: (value) => typeof value === 'number' && value >= min && value <= max,
})

export const isInteger = (min: number, max = Number.MAX_SAFE_INTEGER): Rule => ({
  vocabulary: true,
  accepts: max === Number.MAX_SAFE_INTEGER ? `an integer from ${min}` : `an integer from ${min} to ${max}`,
  test: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
})

export const isType = (type: 'string' | 'boolean' | 'function' | 'object'): Rule => ({
  accepts: `a ${type}`,
  test: (value) => typeof value === type && value !== null,
})

export const isOneOf = (accepted: readonly string[]): Rule => ({
  vocabulary: true,
  accepts: `one of ${accepted.join(', ')}`,
  test: (value) => accepted.includes(value as string),
})

export const anyOf = (...rules: Rule[]): Rule => ({
  vocabulary: true,
  accepts: rules.map(({ accepts }) => accepts).join(', or '),
  test: (value) => rules.some((rule) => rule.test(value)),
})

export const anything: Rule = { accepts: 'anything', test: () => true }

/** @throws TypeError for an unknown key or an invalid value. Keys with the value `undefined` count as absent. */
export function checkObject(path: string, value: unknown, rules: AnyRules): void {
  const fault = faultIn(value, rules, path)
  switch (fault?.kind) {
    case undefined:
      return
    case 'not_accepted':
      throw new TypeError(`${fault.path} is ${fault.got}; expected ${fault.accepts}`)
    case 'no_object':
      refuse(path, value, 'an object')
      break
    case 'renamed':
      throw new TypeError(`${fault.path}: "${fault.name}" has a new name: "${fault.newName}"`)
    case 'unknown':
      throw new TypeError(`${fault.path}: unknown key "${fault.name}"; accepted: ${fault.known.join(', ')}`)
  }
}

export function refuse(path: string, value: unknown, accepted: string): never {
  throw new TypeError(`${path} is ${inspect(value, { depth: 0 })}; expected ${accepted}`)
}
