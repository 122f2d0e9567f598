import { expect, it } from 'vitest'
import type { ExchangeObserver, ResponseHead } from '../../../src/transport/transport.ts'
import { reportHead } from '../../../src/transport/undici/response-head.ts'

const PAIRS = [
  ['content-type', 'text/event-stream'],
  ['x-request-id', 'req_1'],
] as const

/** The head as it was reported, and its headers at that time. */
function reported(head: ResponseHead, parsed: object | undefined) {
  let kept: ResponseHead | undefined
  let during: ResponseHead['headers'] | undefined
  const observer: Pick<ExchangeObserver, 'head'> = {
    head: (given) => {
      kept = given
      during = given.headers
    },
  }
  reportHead(observer as ExchangeObserver, head, parsed)
  return { kept: kept as ResponseHead, during }
}

it('keeps the parsed headers, and returns the same pairs from them after the report', () => {
  const given = { status: 200, statusText: 'OK', headers: PAIRS }
  const { kept, during } = reported(given, Object.fromEntries(PAIRS))
  expect(during).toBe(PAIRS)
  expect([kept.status, kept.statusText, kept.headers]).toEqual([200, 'OK', PAIRS])
  expect(kept.headers).not.toBe(PAIRS)
})

it.each([
  ['a name comes twice', { 'content-type': 'text/event-stream', 'x-request-id': ['req_1', 'req_2'] }],
  ['a header was removed', { ...Object.fromEntries(PAIRS), 'content-encoding': 'gzip' }],
  ['undici did not parse them', undefined],
])('keeps the pairs if %s', (_, parsed) => {
  const given = { status: 200, statusText: 'OK', headers: PAIRS }
  expect(reported(given, parsed).kept).toBe(given)
})
