import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHint, type UpstreamErrorFields } from '../../src/retry/hints.ts'

/** Sun, 06 Nov 1994 08:49:37 GMT. */
const NOW = 784_111_777_000
const IN_90_S = 'Sun, 06 Nov 1994 08:51:07 GMT'

function hint(headers: Record<string, string>, error?: UpstreamErrorFields): number | undefined {
  return readHint({ header: (name) => headers[name], error, wallNow: NOW })
}
const said = (message: string, code: string | undefined = 'rate_limit_exceeded') => hint({}, { code, message })

describe('a hint', () => {
  it.each<[what: string, headers: Record<string, string>, expected: number | undefined]>([
    ['milliseconds', { 'retry-after-ms': '1500' }, 1500],
    ['milliseconds with a fraction, rounded up', { 'retry-after-ms': '10.2' }, 11],
    ['milliseconds with a longer fraction', { 'retry-after-ms': '10.25' }, 11],
    ['no time at all', { 'retry-after-ms': '0' }, 0],
    ['seconds', { 'retry-after': '7' }, 7000],
    ['seconds with a fraction', { 'retry-after': '0.25' }, 250],
    ['an hour', { 'retry-after': '3600' }, 3_600_000],
    ['blanks around it', { 'retry-after': ' 2 ' }, 2000],
    ['an HTTP date', { 'retry-after': IN_90_S }, 90_000],
    ['an HTTP date in small letters', { 'retry-after': IN_90_S.toLowerCase() }, 90_000],
    ['the date of RFC 850', { 'retry-after': 'Sunday, 06-Nov-94 08:51:07 GMT' }, 90_000],
    ['the date of asctime, which is UTC', { 'retry-after': 'Sun Nov  6 08:51:07 1994' }, 90_000],
    ['a date that is past', { 'retry-after': 'Sun, 06 Nov 1994 08:00:00 GMT' }, 0],
    ['both: the finer one', { 'retry-after': '2', 'retry-after-ms': '1300' }, 1300],
    ['a broken finer one: the coarser one', { 'retry-after': '2', 'retry-after-ms': 'soon' }, 2000],
    ['nothing', {}, undefined],
    ['an empty value', { 'retry-after': '', 'retry-after-ms': '' }, undefined],
    ['a negative number', { 'retry-after': '-1', 'retry-after-ms': '-1' }, undefined],
    ['a word', { 'retry-after': 'abc', 'retry-after-ms': 'abc' }, undefined],
    ['a hexadecimal number', { 'retry-after': '0x10', 'retry-after-ms': '0x10' }, undefined],
    ['an exponent', { 'retry-after': '1e3', 'retry-after-ms': '1e3' }, undefined],
    ['a list', { 'retry-after': '1, 2' }, undefined],
    ['a number above all numbers', { 'retry-after': '9'.repeat(400) }, undefined],
    ['a day and a number', { 'retry-after': 'Mon, 1' }, undefined],
    ['a date of another form', { 'retry-after': '1994-11-06T08:51:07Z' }, undefined],
    ['a date that does not exist', { 'retry-after': 'Sun, 32 Nov 1994 08:51:07 GMT' }, undefined],
  ])('in headers: %s', (_, headers, expected) => {
    expect(hint(headers)).toBe(expected)
  })

  it.each<[what: string, error: UpstreamErrorFields, expected: number | undefined]>([
    ['resets_in_seconds', { resetsInSeconds: 12 }, 12_000],
    ['resets_at', { resetsAt: NOW / 1000 + 30 }, 30_000],
    ['resets_at that is past', { resetsAt: NOW / 1000 - 30 }, 0],
    ['both: the relative one', { resetsInSeconds: 5, resetsAt: NOW / 1000 + 30 }, 5000],
    ['a negative relative one beside resets_at', { resetsInSeconds: -5, resetsAt: NOW / 1000 + 30 }, 30_000],
    ['a negative relative one', { resetsInSeconds: -5 }, undefined],
    ['resets_at at the beginning of time', { resetsAt: 0 }, undefined],
  ])('in the error: %s', (_, error, expected) => {
    expect(hint({}, error)).toBe(expected)
  })

  it.each<[message: string, expected: number | undefined]>([
    ['Rate limit reached for gpt-5 … Please try again in 11.054s. Visit …', 11_054],
    ['Please try again in 6m0s.', 360_000],
    ['Please try again in 500ms.', 500],
    ['try again in 1h2m3s', 3_723_000],
    ['TRY AGAIN IN 2S', 2000],
    ['try again in 20 seconds.', 20_000],
    ['try again in 1 minute 30 seconds', 90_000],
    ['try again in 250 milliseconds', 250],
    ['try again in 2 hours', 7_200_000],
    ['try again in 0s', 0],
    ['try again in -5s', undefined],
    ['try again in a moment', undefined],
    ['try again in 5', undefined],
    ['try again later; 20s ago you did', undefined],
    ['', undefined],
  ])('in the message of a rate limit: %s', (message, expected) => {
    expect(said(message)).toBe(expected)
  })

  it('is read from the message of a rate limit alone', () => {
    for (const code of ['server_error', 'invalid_prompt']) expect(said('try again in 5s', code)).toBeUndefined()
    expect(hint({}, { message: 'try again in 5s' })).toBeUndefined()
    expect(hint({}, { type: 'rate_limit_error', message: 'try again in 5s' })).toBe(5000)
    expect(hint({}, { code: 'server_error', type: 'rate_limit_error', message: 'try again in 5s' })).toBeUndefined()
  })

  it('comes from the strongest source: headers, then the fields of the error, then its message', () => {
    const error: UpstreamErrorFields = {
      code: 'rate_limit_exceeded',
      message: 'try again in 4s',
      resetsInSeconds: 3,
      resetsAt: NOW / 1000 + 9,
    }
    expect(hint({ 'retry-after-ms': '1', 'retry-after': '2' }, error)).toBe(1)
    expect(hint({ 'retry-after': '2' }, error)).toBe(2000)
    expect(hint({ 'retry-after': 'x' }, error)).toBe(3000)
    expect(hint({}, { ...error, resetsInSeconds: undefined })).toBe(9000)
    expect(hint({}, { ...error, resetsInSeconds: undefined, resetsAt: undefined })).toBe(4000)
  })

  it('is a whole number of milliseconds from 0 or nothing at all, whatever the endpoint sends', () => {
    const text = fc.oneof(fc.string(), fc.double().map(String), fc.constantFrom(IN_90_S, '3600', '-1'))
    const error = fc.record(
      {
        code: fc.constantFrom('rate_limit_exceeded', 'x'),
        message: fc.oneof(
          fc.string(),
          fc.tuple(fc.double(), fc.constantFrom('s', 'ms', 'm', 'h', 'days')).map(([n, u]) => `try again in ${n}${u}`),
        ),
        resetsInSeconds: fc.double({ noNaN: true }),
        resetsAt: fc.double({ noNaN: true }),
      },
      { requiredKeys: [] },
    )
    const headers = fc.record({ 'retry-after': text, 'retry-after-ms': text }, { requiredKeys: [] })
    fc.assert(
      fc.property(headers, error, (given, fields) => {
        const found = hint(given as Record<string, string>, fields)
        expect(found === undefined || (Number.isInteger(found) && found >= 0)).toBe(true)
      }),
    )
  })

  it('never comes early: what was asked for in seconds is waited for in full', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        const value = seconds.toFixed(6)
        expect(hint({ 'retry-after': value })).toBeGreaterThanOrEqual(Number(value) * 1000)
      }),
    )
  })
})
