import { expect, it } from 'vitest'
import type { CallContext } from '../../src/call/call.ts'
import { CallContexts } from '../../src/client/call-contexts.ts'
import { InstrumentedHeaders } from '../../src/client/instrumentation.ts'
import { DEFAULT_BUDGET, RetryBudgets } from '../../src/retry/budget.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { standIn } from '../support/typed.ts'

const A = 'https://a.test'
const B = 'https://b.test'

function contexts({ budget = true, instrumented = false }) {
  const clock = new VirtualClock()
  const instrumentations = instrumented
    ? [{ headers: () => ({ 'x-trace': '1' }), telemetry: undefined, inContext: undefined }]
    : []
  return new CallContexts(standIn<CallContext>({ clock, beforeCommitMs: 7 }), {
    budgets: new RetryBudgets(budget ? DEFAULT_BUDGET : false, clock),
    instrumented: new InstrumentedHeaders({ instrumentations, origin: A, clock }),
  })
}

it('calls to one origin share one context', () => {
  const own = contexts({})
  expect(own.of(A)).toBe(own.of(A))
  expect(own.of(A).beforeCommitMs).toBe(7)
})

it('calls to two origins have two budgets', () => {
  const own = contexts({})
  const [a, b] = [own.of(A), own.of(B)]
  expect(a.budget).not.toBe(b.budget)
  expect(own.of(A).budget).toBe(a.budget)
})

it('calls to all origins share one context if there is no budget', () => {
  const own = contexts({ budget: false })
  expect(own.of(A)).toBe(own.of(B))
})

it('each call has its own headers of instrumentations', () => {
  const own = contexts({ instrumented: true })
  const [one, other] = [own.of(A), own.of(A)]
  expect(one.added).toBeDefined()
  expect(one.added).not.toBe(other.added)
})
