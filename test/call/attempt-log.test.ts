import { describe, expect, it } from 'vitest'
import { AttemptLog, type EndedAttempt } from '../../src/call/attempt-log.ts'
import { failure } from '../../src/errors/failure.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { AttemptTimes } from '../../src/watchdog/deadlines.ts'

const CONNECTION = { generation: 3, reused: true, connectionId: 9 }
const head = (headers: [string, string][] = []) => ({ status: 503, statusText: '', headers })

/** The log of the second attempt of a call that began at 1000. */
function log(hedge?: { silentMs: number; deadProbability: number }) {
  const clock = new VirtualClock({ startMs: 1000 })
  const told: object[] = []
  const ends: EndedAttempt[] = []
  const telemetry = new TelemetryEmitter((event) => told.push(event))
  const attemptEnded = (end: EndedAttempt): void => void ends.push(end)
  const attempt = new AttemptLog({ id: 5, startedAt: 1000, clock, telemetry, attemptEnded }, 2, hedge)
  return { clock, told, ends, attempt }
}
const ending = {
  outcome: 'failed',
  phase: 'waiting',
  times: { startedAt: 1000 } as AttemptTimes,
  failure: undefined,
} as const
const mark = (atMs: number) => ({ callId: 5, attempt: 2, atMs })

describe('an attempt reports', () => {
  it('each of its steps when it happens', async () => {
    const { clock, told, attempt } = log()
    attempt.started('fresh', undefined)
    expect(attempt.connection).toBeUndefined()
    await clock.advance(1.6)
    attempt.connected(CONNECTION)
    expect(attempt.connection).toBe(CONNECTION)
    await clock.advance(1)
    attempt.headers(head([['x-request-id', 'req_1']]))
    attempt.firstEvent('response.created')
    await clock.advance(1)
    attempt.committed('progress')
    const record = attempt.ended(ending)
    expect(told).toEqual([
      { type: 'attempt_start', ...mark(0), transport: 'http', connection: 'fresh' },
      { type: 'attempt_connected', ...mark(2), ...CONNECTION },
      { type: 'attempt_headers', ...mark(3), status: 503, requestId: 'req_1' },
      { type: 'attempt_first_event', ...mark(3), eventType: 'response.created' },
      { type: 'attempt_commit', ...mark(4), reason: 'progress' },
      { type: 'attempt_end', ...mark(4), record },
    ])
    expect(Object.keys(told[0] as object)).not.toContain('endpoint')
  })

  it('its endpoint, if there are several', () => {
    const { told, attempt } = log()
    attempt.started('any', 'https://api.test/v1')
    expect(told).toEqual([
      { type: 'attempt_start', ...mark(0), transport: 'http', connection: 'any', endpoint: 'https://api.test/v1' },
    ])
    expect(attempt.ended(ending).endpoint).toBe('https://api.test/v1')
  })
})

describe('the record', () => {
  it('of an attempt without any step has only its start and end', async () => {
    const { clock, attempt } = log()
    attempt.started('any', undefined)
    await clock.advance(9.6)
    const record = attempt.ended(ending)
    expect(record).toEqual({
      attempt: 2,
      outcome: 'failed',
      phase: 'waiting',
      code: undefined,
      generation: 0,
      connectionReused: false,
      startedAtMs: 0,
      connectedAtMs: undefined,
      sentAtMs: undefined,
      headersAtMs: undefined,
      firstEventAtMs: undefined,
      endedAtMs: 10,
      status: undefined,
      requestId: undefined,
      deadline: undefined,
    })
    expect(Object.keys(record)).not.toEqual(expect.arrayContaining(['hedge']))
    expect(Object.keys(record)).not.toEqual(expect.arrayContaining(['endpoint']))
  })

  it('has all times since the start of the call, rounded, and all facts', async () => {
    const { clock, attempt } = log({ silentMs: 4, deadProbability: 0.5 })
    attempt.connected(CONNECTION)
    await clock.advance(8)
    attempt.headers(head([['request-id', 'req_2']]))
    await clock.advance(8)
    const deadline = { name: 'idle', ms: 5, source: 'option' } as const
    const record = attempt.ended({
      outcome: 'failed',
      phase: 'prelude',
      times: { startedAt: 1001.4, connectedAt: 1002.6, sentAt: 1004, firstEventAt: 1009 } as AttemptTimes,
      failure: failure('idle_timeout', undefined, { deadline }),
    })
    expect(record).toMatchObject({
      code: 'idle_timeout',
      phase: 'prelude',
      generation: 3,
      connectionReused: true,
      startedAtMs: 1,
      connectedAtMs: 3,
      sentAtMs: 4,
      headersAtMs: 8,
      firstEventAtMs: 9,
      endedAtMs: 16,
      status: 503,
      requestId: 'req_2',
      deadline,
      hedge: { silentMs: 4, deadProbability: 0.5 },
    })
  })
})

describe('a fact that an attempt does not have', () => {
  it('is no field of its record', () => {
    const optional = ['committedAtMs', 'transport', 'responseId', 'upstreamCode', 'upstreamType', 'hedge', 'endpoint']
    const { attempt } = log()
    attempt.started('any', undefined)
    const record = attempt.ended({ ...ending, failure: failure('connection_reset') })
    expect(Object.keys(record).filter((name) => optional.includes(name))).toEqual([])
  })

  it('is a field of one that has it', () => {
    const { attempt } = log({ silentMs: 4, deadProbability: 0.5 })
    attempt.started({ socket: { isNew: false, release: () => {} }, strict: false }, 'https://api.test/v1')
    attempt.committed('progress')
    const failed = failure('response_failed', undefined, { upstreamCode: 'server_error', upstreamType: 'server' })
    const record = attempt.ended({ ...ending, failure: failed, responseId: 'resp_1' })
    expect(record).toMatchObject({
      committedAtMs: 0,
      transport: 'websocket',
      responseId: 'resp_1',
      upstreamCode: 'server_error',
      upstreamType: 'server',
      hedge: { silentMs: 4, deadProbability: 0.5 },
      endpoint: 'https://api.test/v1',
    })
  })
})

describe('the end of a call hears', () => {
  const times = { startedAt: 1000, firstEventAt: 1001 } as AttemptTimes

  it('when the first output came: with the first progress, or with an answer that was handed over as a whole', async () => {
    const firstOutput = async (
      reason: 'terminal' | 'answer' | 'progress' | 'commit_after',
      firstProgressAt?: number,
    ) => {
      const { clock, ends, attempt } = log()
      await clock.advance(7)
      attempt.committed(reason)
      await clock.advance(7)
      attempt.ended({ ...ending, outcome: 'committed', times: { ...times, firstProgressAt } })
      expect(ends).toMatchObject([{ firstEventAt: 1001 }])
      return ends[0]?.firstOutputAt
    }
    expect([await firstOutput('terminal'), await firstOutput('answer')]).toEqual([1007, 1007])
    expect([await firstOutput('progress', 1003), await firstOutput('terminal', 1003)]).toEqual([1003, 1003])
    expect(await firstOutput('commit_after')).toBeUndefined()
  })

  it('the facts of the response, without the secrets of the request', () => {
    const { ends, attempt } = log()
    attempt.response(
      { response: { id: 'resp_1', model: 'hunter2hunter2', status: 'completed' } },
      { secrets: ['hunter2hunter2'] },
    )
    attempt.ended(ending)
    expect(ends).toMatchObject([{ response: { responseId: 'resp_1', responseStatus: 'completed' } }])
    expect(JSON.stringify(ends)).not.toContain('hunter2')
  })

  it('those facts also if its end is all that is listened for, and are not looked for otherwise', () => {
    const ends: EndedAttempt[] = []
    for (const type of ['call_end', 'attempt_end'] as const) {
      const telemetry = new TelemetryEmitter({ listener: () => {}, types: [type] })
      const attemptEnded = (end: EndedAttempt): void => void ends.push(end)
      const call = { id: 5, startedAt: 0, clock: new VirtualClock(), telemetry, attemptEnded }
      const attempt = new AttemptLog(call, 1, undefined)
      const request = {
        get secrets(): readonly string[] {
          if (type !== 'call_end') throw new Error('looked for')
          return []
        },
      }
      attempt.response({ id: 'resp_1' }, request)
      attempt.ended(ending)
    }
    expect(ends).toMatchObject([{ response: { responseId: 'resp_1' } }])
  })

  it('nothing of an attempt that lost a race', () => {
    const { ends, attempt } = log()
    attempt.ended({ ...ending, outcome: 'lost' })
    expect(ends).toEqual([])
  })
})

it('builds no events without a listener, and still records everything', () => {
  const telemetry = new TelemetryEmitter(undefined)
  telemetry.emit = () => {
    throw new Error('told')
  }
  const attempt = new AttemptLog({ id: 1, startedAt: 0, clock: new VirtualClock(), telemetry }, 1, undefined)
  attempt.started('any', 'https://api.test')
  attempt.connected(CONNECTION)
  attempt.headers(head())
  attempt.firstEvent('x')
  attempt.committed('answer')
  expect(attempt.ended(ending)).toMatchObject({ status: 503, generation: 3, endpoint: 'https://api.test' })
})
