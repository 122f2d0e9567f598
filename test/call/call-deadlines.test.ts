import { expect, it } from 'vitest'
import { deadlinesOf } from '../../src/call/call-deadlines.ts'
import { standIn } from '../support/typed.ts'

const totalMs = { ms: 9, source: 'option' }
const context = (beforeCommitMs: number): Parameters<typeof deadlinesOf>[0] => ({
  timeouts: standIn<Parameters<typeof deadlinesOf>[0]['timeouts']>({ totalMs }),
  beforeCommitMs,
  commitAfterMs: 7,
})
const beforeCommit = (ms: number) => ({ ms, source: 'beforeCommitMs' })

it('a stream has the deadlines before its commit, and other calls have not', () => {
  expect(deadlinesOf(context(5), 1, true)).toEqual({
    startedAt: 1,
    total: totalMs,
    beforeCommit: beforeCommit(5),
    commitAfterMs: 7,
  })
  expect(deadlinesOf(context(5), 1, false)).toEqual({
    startedAt: 1,
    total: totalMs,
    beforeCommit: beforeCommit(0),
    commitAfterMs: 0,
  })
})

it('calls without a deadline before the commit share one object for it', () => {
  const { beforeCommit: shared } = deadlinesOf(context(0), 1, true)
  expect(shared).toEqual(beforeCommit(0))
  expect(deadlinesOf(context(5), 1, false).beforeCommit).toBe(shared)
  expect(deadlinesOf(context(-1), 1, true).beforeCommit).toBe(shared)
})
