import { createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { callFactsOf, serverAt } from '../../src/opentelemetry/call-facts.ts'
import { LayeredContext } from '../../src/opentelemetry/layered-context.ts'
import type { CallStartEvent } from '../../src/telemetry/events.ts'

const START: CallStartEvent = {
  type: 'call_start',
  startedAt: '2026-01-01T00:00:00.000Z',
  callId: 1,
  atMs: 0,
  kind: 'stream',
  method: 'POST',
  url: 'https://api.test/v1/responses',
  continuation: false,
  model: 'm',
  effort: undefined,
  tier: undefined,
  stream: true,
  label: undefined,
  bodyBytes: 2,
}

describe('what spans say of an address', () => {
  it('is worked out once for addresses that differ only in their query, and holds no secret of an address', () => {
    const server = serverAt('https://api.test:8443/v1/responses?key=one')
    expect(server).toEqual({
      url: 'https://api.test:8443/v1/responses',
      attributes: { 'server.address': 'api.test', 'server.port': 8443 },
    })
    expect(serverAt('https://api.test:8443/v1/responses?key=two#x')).toBe(server)
    expect(serverAt('https://me:secret@api.test/v1?key=one').url).toBe('https://api.test/v1')
    expect(serverAt('http://other.test/v1').attributes).toEqual({ 'server.address': 'other.test', 'server.port': 80 })
  })

  it('is not mixed up between calls of other methods, addresses and models', () => {
    const facts = callFactsOf(START)
    expect(callFactsOf({ ...START, callId: 2, label: 'x' })).toBe(facts)
    expect(callFactsOf({ ...START, model: 'n' }).attributes['gen_ai.request.model']).toBe('n')
    expect(callFactsOf({ ...START, method: 'GET' }).operation).toBeUndefined()
    expect(callFactsOf({ ...START, url: 'https://b.test/v1/responses' }).attributes['server.address']).toBe('b.test')
    expect(callFactsOf({ ...START, model: undefined }).model).toBeUndefined()
    expect(callFactsOf(START)).toBe(facts)
  })
})

it('a context on top of another one adds and removes values without a change of the one below', () => {
  const [a, b] = [createContextKey('a'), createContextKey('b')]
  const below = ROOT_CONTEXT.setValue(a, 1)
  const layered = new LayeredContext(below, b, 2)
  expect([layered.getValue(a), layered.getValue(b), below.getValue(b)]).toEqual([1, 2, undefined])
  const changed = layered.setValue(a, 3)
  expect([changed.getValue(a), changed.getValue(b), layered.getValue(a)]).toEqual([3, 2, 1])
  const without = changed.deleteValue(a)
  expect([without.getValue(a), without.getValue(b), changed.getValue(a)]).toEqual([undefined, 2, 3])
  const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 })
  expect(trace.getSpan(trace.setSpan(layered, span))).toBe(span)
})
