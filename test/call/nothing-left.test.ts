import { expect, it } from 'vitest'
import type { Attempt } from '../../src/call/attempt.ts'
import { endedEarly, nothingLeft } from '../../src/call/nothing-left.ts'
import { type Failure, failure } from '../../src/errors/failure.ts'
import { standIn } from '../support/typed.ts'

const EMPTY = failure('empty_response')
const CUT = failure('stream_incomplete')
const answer = { status: 200, statusText: 'OK', headers: [] }

interface Given {
  readonly mayBeOver?: boolean
  readonly hasAnswer?: boolean
  readonly firstEventAt?: number
}

const isLeft = (failed: Failure, { mayBeOver = true, hasAnswer = true, firstEventAt }: Given = {}): boolean =>
  nothingLeft(
    { mayBeOver },
    standIn<Attempt>({ times: { firstEventAt }, answer: hasAnswer ? answer : undefined }),
    failed,
  )

it('a resumed response may be over if its stream ends without an event', () => {
  expect([EMPTY, CUT].map((failed) => isLeft(failed))).toEqual([true, true])
})

it.each<[what: string, failed: Failure, given?: Given]>([
  ['a stream that is not resumed', EMPTY, { mayBeOver: false }],
  ['an attempt without an answer', EMPTY, { hasAnswer: false }],
  ['a stream that brought an event', CUT, { firstEventAt: 5 }],
  ['a stream that ended inside of an event', { ...CUT, isInFrame: true }],
  ['a connection that broke', failure('connection_reset')],
  ['an error answer', failure('http_status')],
])('%s says nothing of that', (_what, failed, given) => {
  expect(isLeft(failed, given)).toBe(false)
})

it('a stream ended early if its bytes ended without its terminal event', () => {
  expect([EMPTY, CUT].map(endedEarly)).toEqual([true, true])
  const others = ['connection_reset', 'idle_timeout', 'body_truncated', 'response_failed'] as const
  expect(others.map((code) => endedEarly(failure(code)))).toEqual([false, false, false, false])
})
