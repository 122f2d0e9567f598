import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UpstreamErrorFields } from '../../src/retry/error-fields.ts'
import { readHint } from '../../src/retry/hints.ts'

/** Sun, 06 Nov 1994 08:49:37 GMT. */
const NOW = 784_111_777_000
const IN_90_S = 'Sun, 06 Nov 1994 08:51:07 GMT'

/** Longer than any wait that is allowed. */
const TOO_LONG = Number.MAX_SAFE_INTEGER

function hint(headers: Record<string, string>, error?: UpstreamErrorFields, isPushback = true): number | undefined {
  return readHint({ header: (name) => headers[name], error, wallNow: NOW, isPushback })
}
const said = (message: string) => hint({}, { message })

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
    ['the milliseconds of Azure', { 'x-ms-retry-after-ms': '2100' }, 2100],
    ['a number above all numbers, which is a very long time', { 'retry-after': '9'.repeat(400) }, TOO_LONG],
    ['five thousand nines', { 'retry-after': '9'.repeat(5000) }, TOO_LONG],
    ['five thousand nines in milliseconds', { 'retry-after-ms': '9'.repeat(5000) }, TOO_LONG],
    ['more than can be counted exactly', { 'retry-after': '99999999999999999999' }, TOO_LONG],
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
    ['a relative one without end', { resetsInSeconds: Infinity }, TOO_LONG],
    ['resets_at without end', { resetsAt: Infinity }, TOO_LONG],
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
    ['Please retry after 2 seconds.', 2000],
    ['Requests to this operation have exceeded the call rate limit. Please retry after 9 seconds. Contact …', 9000],
    ['Rate limit is exceeded. Try again in 2 seconds.', 2000],
    ['Rate limit exceeded, retry in 1 minute', 60_000],
    ['You can retry this request after 26 seconds', 26_000],
    ['Please wait for 30 secs', 30_000],
    ['please wait at least 5s before your next request', 5000],
    ['Your limit resets in 2 days', 172_800_000],
    ['Retry-After: 3 s', 3000],
    ['Please retry after 99999999999999999999999999 seconds', TOO_LONG],
    ['More than 60 requests in 1 minute', undefined],
    ['More than 60 requests in 1 minute. Please retry later.', undefined],
    ['Please try again. The limit is 60 requests in 1 minute', undefined],
    ['retry after 5 models', undefined],
    ['it resets 20s ago', undefined],
  ])('in the message of a pushback: %s', (message, expected) => {
    expect(said(message)).toBe(expected)
  })

  it('is read from the words of every pushback, and of nothing else', () => {
    const message = 'try again in 5s'
    expect(hint({}, { code: 'server_error', message })).toBe(5000)
    expect(hint({}, { message }, true)).toBe(5000)
    expect(hint({}, { message }, false)).toBeUndefined()
    expect(hint({ 'retry-after': '7' }, { message }, false)).toBe(7000)
  })

  it('is looked for in long messages in no time', () => {
    for (const piece of ['try again in 5', 'retry ', '1s', 'wait 9 ', 'a']) {
      expect(said(piece.repeat(100_000)) ?? 0).toBeGreaterThanOrEqual(0)
    }
  })

  it('comes from the strongest source: standard headers, then the fields of the error, then the header of Azure, then words', () => {
    const error: UpstreamErrorFields = {
      code: 'rate_limit_exceeded',
      message: 'try again in 4s',
      resetsInSeconds: 3,
      resetsAt: NOW / 1000 + 9,
    }
    expect(hint({ 'retry-after-ms': '1', 'retry-after': '2' }, error)).toBe(1)
    expect(hint({ 'retry-after': '2' }, error)).toBe(2000)
    expect(hint({ 'retry-after': 'x' }, error)).toBe(3000)
    expect(hint({ 'x-ms-retry-after-ms': '5' }, error)).toBe(3000)
    expect(hint({ 'x-ms-retry-after-ms': '5' }, { message: error.message })).toBe(5)
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

it('a wait that is stated after 8 192 characters is not read', () => {
  expect(said(`${'x'.repeat(8150)}. Try again in 2s.`)).toBe(2000)
  expect(said(`${'x'.repeat(8192)}. Try again in 2s.`)).toBeUndefined()
})
