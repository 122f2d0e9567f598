/** The kinds of option values: for each, the words for what is accepted, and the test. */

import { type AnyRules, isObject, type Rule } from './rules.ts'

/** The longest delay of a timer. */
export const MAX_MS = 2 ** 31 - 1

const isNumber = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && value >= least && value <= most

export const msOrOff: Rule<number> = {
  vocabulary: true,
  accepts: `a number of milliseconds from 0 (off) to ${MAX_MS}`,
  test: (value) => isNumber(value, 0, MAX_MS),
}

export const ms: Rule<number> = {
  vocabulary: true,
  accepts: `a number of milliseconds from 0 to ${MAX_MS}`,
  test: (value) => isNumber(value, 0, MAX_MS),
}

export const positiveMs: Rule<number> = {
  vocabulary: true,
  accepts: `a number of milliseconds from 1 to ${MAX_MS}`,
  test: (value) => isNumber(value, 1, MAX_MS),
}

export const autoMs: Rule<number | 'auto'> = {
  vocabulary: true,
  accepts: `'auto', or ${msOrOff.accepts}`,
  test: (value) => value === 'auto' || msOrOff.test(value),
}

export const bytes: Rule<number> = {
  vocabulary: true,
  accepts: 'a whole number of bytes, 0 for no bound',
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
}

export const notNegative: Rule<number> = {
  vocabulary: true,
  accepts: 'a number from 0',
  test: (value) => isNumber(value, 0, Number.MAX_VALUE),
}

export const share: Rule<number> = {
  vocabulary: true,
  accepts: 'a number from 0 to 1',
  test: (value) => isNumber(value, 0, 1),
}

export const probability: Rule<number> = {
  vocabulary: true,
  accepts: 'a number above 0 and below 1',
  test: (value) => typeof value === 'number' && value > 0 && value < 1,
}

export const flag: Rule<boolean> = {
  vocabulary: true,
  accepts: 'true or false',
  test: (value) => typeof value === 'boolean',
}

export const whole = (least: number, most = 1_000_000): Rule<number> => ({
  vocabulary: true,
  accepts: `a whole number from ${least}${most === Infinity ? '' : ` to ${most}`}`,
  test: (value) => Number.isSafeInteger(value) && isNumber(value, least, most),
})

export const oneOf = <const Value extends string>(...values: readonly Value[]): Rule<Value> => ({
  vocabulary: true,
  accepts: values
    .map((value) => `'${value}'`)
    .join(', ')
    .replace(/, (?!.*, )/, ' or '),
  test: (value) => (values as readonly unknown[]).includes(value),
})

export const text = (accepts: string): Rule<string> => ({ accepts, test: (value) => typeof value === 'string' })

export const func = (accepts = 'a function'): Rule<never> => ({ accepts, test: (value) => typeof value === 'function' })

/** An object with certain methods. Lists of numbers have a `join` and a `set` that mean something else. */
export const withMethods = (methods: readonly string[], accepts: string): Rule<never> => ({
  accepts,
  test: (value) =>
    isObject(value) && !ArrayBuffer.isView(value) && methods.every((name) => typeof value[name] === 'function'),
})

export const clockRule = withMethods(
  ['now', 'wallNow', 'setTimer', 'clearTimer', 'afterIO'],
  'a Clock, for example a VirtualClock',
)

/** An object with nested options. */
export const section = (fields: AnyRules): Rule<never> => ({ accepts: 'an object', test: isObject, fields })

/** An object with nested options, or one of some fixed values. */
export const sectionOr = (values: readonly unknown[], accepts: string, fields: AnyRules): Rule<never> => ({
  vocabulary: true,
  accepts,
  test: (value) => values.includes(value) || isObject(value),
  fields,
})
