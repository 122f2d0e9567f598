import { describe, expect, it } from 'vitest'
import type { ReplaySafety } from '../../src/errors/errors.ts'
import { type ReplayTraits, replaySafety } from '../../src/retry/replay-safety.ts'

const PLAIN: ReplayTraits = {
  readOnce: false,
  bodyOpened: false,
  stateful: false,
  passthrough: false,
  idempotent: false,
  idempotencyKey: false,
}
const NOT_SENT = { connecting: true }
const NO_ANSWER = {}
const REFUSED = { refused: true, status: 503 }
const FAILED = { refused: false, status: 502 }

describe('whether a request may be sent again', () => {
  it.each<
    [
      what: string,
      traits: Partial<ReplayTraits>,
      cells: readonly [ReplaySafety, ReplaySafety, ReplaySafety, ReplaySafety],
    ]
  >([
    // not sent · sent without an answer · refused by the answer · failed by the answer
    ['plain or a continuation', {}, ['safe', 'safe', 'safe', 'safe']],
    ['conversation or background', { stateful: true }, ['safe', 'unknown', 'safe', 'unknown']],
    ['read once, unread', { readOnce: true }, ['safe', 'safe', 'safe', 'safe']],
    ['read once, opened', { readOnce: true, bodyOpened: true }, ['unsafe', 'unsafe', 'unsafe', 'unsafe']],
    [
      'read once, opened, stateful',
      { readOnce: true, bodyOpened: true, stateful: true },
      ['unsafe', 'unsafe', 'unsafe', 'unsafe'],
    ],
    ['a replayable body, opened', { bodyOpened: true }, ['safe', 'safe', 'safe', 'safe']],
    ['passthrough, idempotent', { passthrough: true, idempotent: true }, ['safe', 'safe', 'safe', 'safe']],
    ['passthrough, any other POST', { passthrough: true }, ['safe', 'unsafe', 'safe', 'unsafe']],
    [
      'passthrough, any other POST, with an Idempotency-Key',
      { passthrough: true, idempotencyKey: true },
      ['safe', 'unsafe', 'safe', 'safe'],
    ],
  ])('%s', (_, traits, cells) => {
    const request = { ...PLAIN, ...traits }
    expect([NOT_SENT, NO_ANSWER, REFUSED, FAILED].map((failed) => replaySafety(request, failed))).toEqual(cells)
  })

  it.each([425, 429, 503, 529])('a passthrough POST that was turned away with %i is', (status) => {
    expect(replaySafety({ ...PLAIN, passthrough: true }, { status })).toBe('safe')
  })

  it.each([400, 408, 409, 500, 502, 504, 520])(
    'a passthrough POST that failed with %i is only with a key',
    (status) => {
      expect(replaySafety({ ...PLAIN, passthrough: true }, { status })).toBe('unsafe')
      expect(replaySafety({ ...PLAIN, passthrough: true, idempotencyKey: true }, { status })).toBe('safe')
    },
  )

  it('a passthrough call that timed out is not, unless nothing was sent', () => {
    const deadline = { name: 'idle', ms: 300_000, source: 'default' } as const
    const safety = (traits: Partial<ReplayTraits>, connecting = false) =>
      replaySafety({ ...PLAIN, passthrough: true, ...traits }, { deadline, connecting })
    expect(safety({ idempotent: true })).toBe('unknown')
    expect(safety({ idempotencyKey: true })).toBe('unsafe')
    expect(safety({}, true)).toBe('safe')
  })
})
