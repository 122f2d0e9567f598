import { describe, expect, it } from 'vitest'
import type { ReplaySafety } from '../../src/errors/errors.ts'
import { type ReplayTraits, replaySafety } from '../../src/retry/replay-safety.ts'

const PLAIN: ReplayTraits = {
  readOnce: false,
  bodyOpened: false,
  stateful: false,
  foreign: false,
  idempotentMethod: false,
}
const NOT_SENT = { connecting: true }
const NO_ANSWER = {}
const REFUSED = { refused: true }
const FAILED = { refused: false }

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
    ['no Responses call, idempotent', { foreign: true, idempotentMethod: true }, ['safe', 'safe', 'safe', 'safe']],
    ['no Responses call, not idempotent', { foreign: true }, ['safe', 'unsafe', 'unsafe', 'unsafe']],
  ])('%s', (_, traits, cells) => {
    const request = { ...PLAIN, ...traits }
    expect([NOT_SENT, NO_ANSWER, REFUSED, FAILED].map((failed) => replaySafety(request, failed))).toEqual(cells)
  })
})
