import { describe, expect, it } from 'vitest'
import { CallLog } from '../../src/call/call-log.ts'
import type { CallRequest } from '../../src/call/call-request.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import type { TelemetryEvent } from '../../src/telemetry/events.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { invalid, standIn } from '../support/typed.ts'

/** The log of a call that began at 1000, and what it has told since. */
function log() {
  const clock = new VirtualClock({ startMs: 1000 })
  const told: object[] = []
  const telemetry = new TelemetryEmitter((event: TelemetryEvent) => told.push(event))
  const call = new CallLog(clock, telemetry)
  return {
    clock,
    call,
    /** What was told since the last look, without what every event of the call carries. */
    told() {
      return told.splice(0).map((event) => {
        const { callId, ...rest } = event as { callId: number }
        expect(callId).toBe(call.id)
        return rest
      })
    },
  }
}

const END = {
  type: 'call_end',
  atMs: 0,
  hedges: 0,
  giveUpReason: undefined,
  firstEventMs: undefined,
  firstOutputMs: undefined,
}

const request = (body: CallRequest['body']): CallRequest =>
  standIn<CallRequest>({
    url: new URL('https://api.test/v1/responses?key=hunter2hunter2'),
    method: 'POST',
    body,
    latency: { kind: 'stream' },
    continuation: true,
    asks: { model: 'gpt-5', effort: 'high', tier: '' },
    given: [],
    label: 'main',
  })

describe('a call reports', () => {
  it.each<[what: string, body: CallRequest['body'], bodyBytes: number | undefined]>([
    ['bytes', { kind: 'bytes', bytes: new Uint8Array(12) }, 12],
    ['none', { kind: 'none' }, 0],
    ['a stream', invalid({ kind: 'stream', length: 7, replayable: true }), 7],
    ['a stream of unknown length', invalid({ kind: 'stream', length: undefined, replayable: true }), undefined],
  ])('that it began, with the size of its body: %s', async (_, body, bodyBytes) => {
    const { call, clock, told } = log()
    await clock.advance(5)
    call.started(request(body))
    expect(told()).toEqual([
      {
        type: 'call_start',
        startedAt: '2026-01-01T00:00:00.000Z',
        atMs: 5,
        kind: 'stream',
        method: 'POST',
        url: expect.stringMatching(/^https:\/\/api\.test\/v1\/responses(?!.*hunter2)/),
        continuation: true,
        model: 'gpt-5',
        effort: 'high',
        tier: undefined,
        stream: true,
        label: 'main',
        bodyBytes,
      },
    ])
    expect([call.startedAt, call.clock, call.telemetry.wants('call_end')]).toEqual([1000, clock, true])
  })

  it('that it began, without the credential in the place of a word, but with the model that is also in a header', () => {
    const { call, told } = log()
    const given = [
      ['authorization', 'Bearer hunter2hunter2'],
      ['x-gateway-model', 'gpt-5'],
    ] as const
    const asks = { model: 'gpt-5', effort: 'hunter2hunter2', tier: 'a/hunter2hunter2', hasToolEffects: false }
    call.started({ ...request({ kind: 'none' }), asks, given })
    expect(told()).toMatchObject([{ model: 'gpt-5', effort: '[redacted]', tier: 'a/[redacted]' }])
  })

  it('what was decided and rebuilt', async () => {
    const { call, clock, told } = log()
    await clock.advance(7.6)
    const decision = { retry: false, reason: 'not_retryable' } as const
    call.decided(2, 'http_status', decision)
    call.rebuilt(2, 100, 50)
    expect(told()).toEqual([
      { type: 'retry_decision', atMs: 8, attempt: 2, code: 'http_status', decision },
      { type: 'request_rebuilt', atMs: 8, attempt: 2, oldBytes: 100, newBytes: 50 },
    ])
  })

  it('the outcome of hedges', () => {
    const { call, told } = log()
    call.hedged({ kind: 'started', attempt: 2, silentMs: 5, deadProbability: 0.5 })
    call.hedged({ kind: 'ended', attempt: 2, outcome: 'won' })
    call.hedged({ kind: 'refused', reason: 'budget' })
    expect(told()).toEqual([
      { type: 'hedge_start', atMs: 0, attempt: 2, silentMs: 5, deadProbability: 0.5 },
      { type: 'hedge_end', atMs: 0, attempt: 2, outcome: 'won' },
      { type: 'hedge_refused', atMs: 0, reason: 'budget' },
    ])
  })

  it('how it ended, and the cause only if it did not complete', () => {
    const { call, told } = log()
    call.ended('completed', 2, 'connection_reset')
    call.ended('failed', 1, 'connection_reset')
    call.ended('aborted', 0, undefined)
    expect(told()).toEqual([
      { ...END, outcome: 'completed', attempts: 2, code: undefined },
      { ...END, outcome: 'failed', attempts: 1, code: 'connection_reset' },
      { ...END, outcome: 'aborted', attempts: 0, code: undefined },
    ])
  })

  it('at its end its hedges, the facts of the attempt that ended last, and why there was no further one', async () => {
    const { call, clock, told } = log()
    await clock.advance(50)
    call.hedged({ kind: 'started', attempt: 2, silentMs: 5, deadProbability: 0.5 })
    call.hedged({ kind: 'refused', reason: 'budget' })
    call.hedged({ kind: 'ended', attempt: 2, outcome: 'lost' })
    call.attemptEnded({ firstEventAt: 1005, firstOutputAt: undefined, response: { responseId: 'resp_1' } })
    const response = { responseId: 'resp_2', usage: { outputTokens: 7 } }
    call.attemptEnded({ firstEventAt: 1020.4, firstOutputAt: 1030, response })
    call.decided(2, 'http_status', { retry: false, reason: 'retries_exhausted' })
    told()
    call.ended('failed', 2, 'http_status')
    const facts = { hedges: 1, giveUpReason: 'retries_exhausted', firstEventMs: 20, firstOutputMs: 30, ...response }
    expect(told()).toEqual([{ ...END, atMs: 50, outcome: 'failed', attempts: 2, code: 'http_status', ...facts }])
  })
})

describe('a wait for its turn', () => {
  it('has one end after any number of reports, counted from the first', async () => {
    const { call, clock, told } = log()
    call.queued('limit')
    await clock.advance(10.4)
    call.queued('rate')
    await clock.advance(20)
    call.admitted()
    call.admitted()
    call.ended('completed', 1, undefined)
    expect(told()).toEqual([
      { type: 'queue_start', atMs: 0, reason: 'limit' },
      { type: 'queue_start', atMs: 10, reason: 'rate' },
      { type: 'queue_end', atMs: 30, outcome: 'admitted', waitedMs: 30 },
      { ...END, atMs: 30, outcome: 'completed', attempts: 1, code: undefined },
    ])
  })

  it('ends with the call if it got no permit', async () => {
    const { call, clock, told } = log()
    call.queued('limit')
    await clock.advance(10)
    call.ended('aborted', 0, undefined)
    expect(told()).toMatchObject([
      { type: 'queue_start' },
      { type: 'queue_end', outcome: 'left', waitedMs: 10 },
      { type: 'call_end' },
    ])
  })

  it('that did not happen has no end', () => {
    const { call, told } = log()
    call.admitted()
    expect(told()).toEqual([])
  })
})

it('builds no events without a listener', () => {
  const telemetry = new TelemetryEmitter(undefined)
  telemetry.emit = () => {
    throw new Error('told')
  }
  const call = new CallLog(new VirtualClock(), telemetry)
  call.started(request({ kind: 'none' }))
  call.decided(1, 'http_status', { retry: false, reason: 'not_retryable' })
  call.rebuilt(1, 2, 3)
  call.queued('limit')
  call.admitted()
  call.hedged({ kind: 'refused', reason: 'budget' })
  call.queued('limit')
  call.ended('completed', 1, undefined)
})

it('calls have different numbers', () => {
  const ids = [log(), log(), log()].map(({ call }) => call.id)
  expect(ids.map((id) => id - (ids[0] as number))).toEqual([0, 1, 2])
})
