import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { socketKeyOf } from '../../../src/transport/websocket/socket-key.ts'

const URL_A = new URL('https://api.test/v1/responses?api-version=1')
const BASE = [
  ['authorization', 'Bearer a'],
  ['openai-organization', 'org-1'],
  ['user-agent', 'x/1'],
] as const
const idOf = (headers: ReadonlyArray<readonly [string, string]>, url = URL_A): string => socketKeyOf(url, headers).id

describe('the key of a socket', () => {
  it.each([
    ['authorization', 'Bearer b'],
    ['openai-organization', 'org-2'],
    ['chatgpt-account-id', 'acct'],
    ['x-api-key', 'k'],
    ['x-tenant', 't'],
    ['session-id', 's'],
    ['cookie', 'c=1'],
  ])('is another one with another %s', (name, value) => {
    const others = BASE.filter(([known]) => known !== name)
    expect(idOf([...others, [name, value]])).not.toBe(idOf(BASE))
  })

  it.each([
    'traceparent',
    'tracestate',
    'baggage',
    'x-request-id',
    'x-client-request-id',
    'x-codex-turn-metadata',
    'x-codex-turn-state',
    'idempotency-key',
    'content-type',
    'content-encoding',
    'accept',
    'x-stainless-retry-count',
  ])('is the same with another %s, which belongs to one turn', (name) => {
    expect(idOf([...BASE, [name, 'one']])).toBe(idOf([[name, 'other'], ...BASE]))
    expect(idOf([...BASE, [name, 'one']])).toBe(idOf(BASE))
  })

  it('differs for another path, query, host or scheme, and holds no value of a header', () => {
    const others = [
      'https://api.test/v1/responses',
      'https://api.test/v2/responses?api-version=1',
      'https://api.test:8443/v1/responses?api-version=1',
      'http://api.test/v1/responses?api-version=1',
    ]
    const ids = others.map((url) => idOf(BASE, new URL(url)))
    expect(new Set([...ids, idOf(BASE)]).size).toBe(5)
    expect(idOf([['authorization', 'Bearer secret-of-mine']])).not.toContain('secret-of-mine')
  })

  it('differs for different headers, wherever a value ends', () => {
    const header = fc.tuple(fc.constantFrom('x-a', 'x-b', 'x-ab', 'x'), fc.constantFrom('', '1', '1:', '1\tx-b', '2'))
    const set = fc.uniqueArray(header, { selector: ([name]) => name, maxLength: 4 })
    const normal = (pairs: Array<[string, string]>): string => JSON.stringify([...pairs].sort())
    fc.assert(
      fc.property(set, set, (one, other) => {
        expect(idOf(one) === idOf(other)).toBe(normal(one) === normal(other))
      }),
      { numRuns: 2000 },
    )
  })

  it('omits headers of a body or a connection from the upgrade, and joins repeated ones', () => {
    const { headers } = socketKeyOf(URL_A, [
      ['authorization', 'Bearer a'],
      ['content-type', 'application/json'],
      ['content-encoding', 'zstd'],
      ['accept', 'text/event-stream'],
      ['accept-encoding', 'identity'],
      ['host', 'elsewhere.test'],
      ['connection', 'close'],
      ['sec-websocket-protocol', 'x'],
      ['traceparent', '00-1'],
      ['x-a', '1'],
      ['x-a', '2'],
    ])
    expect(headers).toEqual([
      ['authorization', 'Bearer a'],
      ['traceparent', '00-1'],
      ['x-a', '1, 2'],
    ])
  })
})
