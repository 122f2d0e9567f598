import { isObject } from '../core/rules.ts'
import { shownWord } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'

/** 100 years. More would break the scale of a picture. */
const MOST_MS = 100 * 365 * 86_400_000

export const ACCEPTED_MS = 'milliseconds from 0'

export function isMs(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MOST_MS
}

/**
 * Checks what a picture cannot be drawn without: the list, and the times of its calls and attempts.
 *
 * @throws ConfigurationError for the first value that is not accepted.
 */
export function checkCalls(calls: unknown, of: string): void {
  if (!Array.isArray(calls)) throw refusal(`${of}: calls`, calls, 'a list of calls')
  for (const [index, call] of calls.entries()) {
    const at = `${of}: calls.${index}`
    if (!isObject(call)) throw refusal(at, call, 'an object, one call')
    if (!isMs(call.durationMs)) throw refusal(`${at}.durationMs`, call.durationMs, ACCEPTED_MS)
    if (!Array.isArray(call.attempts)) throw refusal(`${at}.attempts`, call.attempts, 'a list of attempts')
    for (const [number, attempt] of call.attempts.entries()) {
      const one = `${at}.attempts.${number}`
      if (!isObject(attempt)) throw refusal(one, attempt, 'an object, one attempt')
      for (const name of ['startedAtMs', 'endedAtMs'])
        if (!isMs(attempt[name])) throw refusal(`${one}.${name}`, attempt[name], ACCEPTED_MS)
    }
  }
}

function refusal(at: string, value: unknown, accepted: string): ConfigurationError {
  return new ConfigurationError(`${at}: got ${shownWord(value)}; accepted: ${accepted}.`, at)
}
