import { type AnyRules, faultIn, type Rule } from '../core/rules.ts'

/**
 * Checks what a test hands in, by the rows that all options are checked by. If a misspelt option were ignored, the test would not
 * prove what it says.
 *
 * @throws TypeError that names the option, its value and what is accepted.
 */
export function checkUsage(what: string, options: unknown, rules: AnyRules): void {
  const fault = faultIn(options, rules)
  switch (fault?.kind) {
    case undefined:
      return
    case 'not_accepted':
      throw new TypeError(`${what}: ${fault.path} is ${fault.got}; expected ${fault.accepts}`)
    case 'no_object':
      throw new TypeError(
        `${what}: ${fault.path === '' ? 'the options are' : `${fault.path} is`} ${fault.got}; expected an object`,
      )
    case 'renamed':
      throw new TypeError(`${what}: option '${fault.name}' has a new name: '${fault.newName}'`)
    case 'unknown': {
      const within = fault.path === '' ? '' : ` in ${fault.path}`
      throw new TypeError(`${what}: unknown option '${fault.name}'${within}; accepted: ${fault.known.join(', ')}`)
    }
  }
}

/** Milliseconds of a script. Without end is allowed: virtual time can wait. */
export const duration: Rule<number> = {
  vocabulary: true,
  accepts: 'milliseconds, 0 or more',
  test: (value) => typeof value === 'number' && value >= 0,
}

/** A time on a clock. */
export const instant: Rule<number> = {
  vocabulary: true,
  accepts: 'milliseconds',
  test: (value) => Number.isFinite(value),
}

export const count: Rule<number> = {
  vocabulary: true,
  accepts: 'a whole number, 1 or more',
  test: (value) => Number.isInteger(value) && (value as number) >= 1,
}

export const statusCode: Rule<number> = {
  vocabulary: true,
  accepts: 'a status from 100 to 999',
  test: (value) => Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999,
}

export const texts: Rule<readonly string[]> = {
  accepts: 'an array of texts',
  test: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
}

export const object: Rule<never> = {
  accepts: 'an object',
  test: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
}

export const list: Rule<never> = { accepts: 'an array', test: Array.isArray }
