/** Small checks of what users hand in: each failure names the path, the value, and what is accepted. */

import { inspect } from 'node:util'

/** Says what is accepted if the value is not; `undefined` if it is fine. */
export type Rule = (value: unknown) => string | undefined

export const isNumber =
  (min: number, max = Number.POSITIVE_INFINITY): Rule =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? undefined
      : max === Number.POSITIVE_INFINITY
        ? `a number from ${min}`
        : `a number from ${min} to ${max}`

export const isInteger =
  (min: number, max = Number.MAX_SAFE_INTEGER): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : max === Number.MAX_SAFE_INTEGER
        ? `an integer from ${min}`
        : `an integer from ${min} to ${max}`

export const isType =
  (type: 'string' | 'boolean' | 'function' | 'object'): Rule =>
  (value) =>
    typeof value === type && value !== null ? undefined : `a ${type}`

export const isOneOf =
  (accepted: readonly string[]): Rule =>
  (value) =>
    accepted.includes(value as string) ? undefined : `one of ${accepted.join(', ')}`

export const anyOf =
  (...rules: Rule[]): Rule =>
  (value) => {
    const complaints = rules.map((rule) => rule(value))
    return complaints.includes(undefined) ? undefined : complaints.join(', or ')
  }

export const anything: Rule = () => undefined

/** Throws a `TypeError` for an unknown key or an unfit value. Keys that are `undefined` count as not given. */
export function checkObject(path: string, value: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(path, value, 'an object')
  for (const [key, field] of Object.entries(value as object)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (rule === undefined) {
      throw new TypeError(`${path}: unknown key "${key}". Known here: ${Object.keys(rules).join(', ')}`)
    }
    const accepted = field === undefined ? undefined : rule(field)
    if (accepted !== undefined) refuse(`${path}.${key}`, field, accepted)
  }
}

export function refuse(path: string, value: unknown, accepted: string): never {
  throw new TypeError(`${path} is ${inspect(value, { depth: 0 })}; expected ${accepted}`)
}
