import { describe, expect, it } from 'vitest'
import type { AttemptRecord, GiveUpReason } from '../../src/errors/attempt-record.ts'
import { type CallHistory, explainHistory } from '../../src/errors/explain.ts'

const FAILED: AttemptRecord = {
  attempt: 1,
  outcome: 'failed',
  code: 'connection_reset',
  phase: 'waiting',
  generation: 1,
  connectionReused: false,
  startedAtMs: 0,
  connectedAtMs: 12,
  endedAtMs: 800,
}
const STREAM = { status: 200, firstEventAtMs: 300 } as const
const IDLE = { name: 'idle', ms: 300_000, source: 'auto: base' } as const

const said = (change: Partial<AttemptRecord>): string => explainHistory({ attempts: [{ ...FAILED, ...change }] })

describe('the line of an attempt', () => {
  it.each<[Partial<AttemptRecord>, string]>([
    [{ phase: 'preparing', connectedAtMs: undefined }, 'connection_reset after 800 ms, while preparing'],
    [{ phase: 'connecting', connectedAtMs: undefined }, 'connection_reset after 800 ms, while connecting'],
    [{ phase: 'sending' }, 'connected in 12 ms, connection_reset after 800 ms, while sending'],
    [{}, 'connected in 12 ms, connection_reset after 800 ms, while waiting'],
    [{ connectionReused: true }, 'on a reused connection, connection_reset after 800 ms, while waiting'],
    [
      { endpoint: 'https://b.test/v1' },
      'to https://b.test/v1, connected in 12 ms, connection_reset after 800 ms, while waiting',
    ],
    [{ status: 200 }, 'connected in 12 ms, answered 200, connection_reset after 800 ms, while waiting'],
    [
      { ...STREAM, phase: 'prelude' },
      'connected in 12 ms, answered 200, first event after 300 ms, connection_reset after 800 ms, in the prelude',
    ],
    [
      { ...STREAM, phase: 'committed' },
      'connected in 12 ms, answered 200, first event after 300 ms, connection_reset after 800 ms, while handing over the answer',
    ],
    [
      { ...STREAM, phase: 'committed', code: 'idle_timeout', deadline: IDLE },
      'connected in 12 ms, answered 200, first event after 300 ms, cut by the idle deadline of 300 s (auto: base), while handing over the answer',
    ],
    [
      { ...STREAM, outcome: 'answered', phase: 'prelude', code: 'response_failed' },
      'connected in 12 ms, answered 200, first event after 300 ms, response_failed after 800 ms, in the prelude',
    ],
    [
      { ...STREAM, outcome: 'committed', phase: 'committed', code: 'response_failed' },
      'connected in 12 ms, answered 200, first event after 300 ms, response_failed after 800 ms, handed over',
    ],
    [
      { ...STREAM, outcome: 'committed', phase: 'committed', code: undefined, endedAtMs: 4200 },
      'connected in 12 ms, answered 200, first event after 300 ms, complete after 4.2 s',
    ],
    // Over a WebSocket an answer has no status.
    [
      { firstEventAtMs: 300, outcome: 'committed', phase: 'committed', code: undefined },
      'connected in 12 ms, first event after 300 ms, complete after 800 ms',
    ],
    [{ outcome: 'committed', phase: 'committed', code: undefined }, 'connected in 12 ms, complete after 800 ms'],
    [{ outcome: 'answered', code: 'http_status', status: 503 }, 'connected in 12 ms, answered 503 after 800 ms'],
    [
      { outcome: 'committed', phase: 'committed', code: 'http_status', status: 401 },
      'connected in 12 ms, answered 401 after 800 ms',
    ],
    [{ code: 'http_status', status: 503 }, 'connected in 12 ms, answered 503 after 800 ms'],
    [
      { outcome: 'answered', code: 'previous_response_not_found', status: 404 },
      'connected in 12 ms, answered 404 after 800 ms: previous_response_not_found',
    ],
    [
      { outcome: 'committed', phase: 'committed', code: undefined, status: 200 },
      'connected in 12 ms, answered 200 after 800 ms',
    ],
    [{ outcome: 'answered', code: undefined, status: 307 }, 'connected in 12 ms, answered 307 after 800 ms'],
    [{ outcome: 'aborted', code: undefined }, 'connected in 12 ms, aborted by the caller after 800 ms, while waiting'],
    [{ outcome: 'lost', code: undefined }, 'connected in 12 ms, given up after 800 ms for another attempt'],
    [
      { outcome: 'lost', code: undefined, hedge: { silentMs: 9000, deadProbability: 0.8 }, connectedAtMs: undefined },
      'the previous one was silent for 9 s, 80 % likely dead, given up after 800 ms for another attempt',
    ],
  ])('%o', (change, line) => {
    expect(said(change).replace(/^attempt 1 at 0 ms(?: \(hedge\))?: /, '')).toBe(line)
  })

  it('begins with its number, its start, what it resumes, and a wait that is longer than a reconnect', () => {
    const resumed: AttemptRecord = { ...FAILED, attempt: 2, startedAtMs: 900, connectedAtMs: 912, endedAtMs: 1000 }
    const second = (change: Partial<AttemptRecord>): string | undefined =>
      explainHistory({ attempts: [FAILED, { ...resumed, ...change }] }).split('\n')[1]
    expect(second({ resumes: 'stream' })).toBe(
      'attempt 2 at 900 ms (resume): connected in 12 ms, connection_reset after 100 ms, while waiting',
    )
    expect(second({ resumes: 'state', startedAtMs: 1500, connectionReused: true, endedAtMs: 3000 })).toBe(
      'attempt 2 at 1.5 s (poll): after a wait of 700 ms, on a reused connection, connection_reset after 1.5 s, while waiting',
    )
  })
})

describe('the last line', () => {
  const last = (history: Partial<CallHistory>): string | undefined =>
    explainHistory({ attempts: [FAILED], code: 'connection_reset', ...history })
      .split('\n')
      .at(-1)

  it.each<[GiveUpReason, string]>([
    ['not_retryable', 'a retry would not help'],
    ['not_replayable', 'the endpoint may have acted on the request (`retryUnknown: true` allows a retry)'],
    ['committed', 'a part of the answer was already handed over'],
    ['retries_exhausted', 'all retries are used (`maxRetries`)'],
    ['unreachable', 'a failure to connect is retried 4 times at most (`maxRetries: 0`: never)'],
    ['budget_exhausted', 'the retry budget of this origin is used up (`retry.budget`)'],
    [
      'deadline_exceeded',
      'too little time is left (`timeouts.totalMs`, `beforeCommitMs`; `staleMs` for a broken stream that is not read)',
    ],
    ['hint_too_long', 'the endpoint asked to wait longer than `retry.maxHintMs`'],
  ])('of a call that gave up because of %s', (giveUpReason, why) => {
    expect(last({ giveUpReason })).toBe(`connection_reset: The connection was reset. No further attempt: ${why}.`)
  })

  it('names the limits of connecting', () => {
    const connecting = { ...FAILED, phase: 'connecting', code: 'connection_refused' } as const
    const history = { attempts: [connecting], giveUpReason: 'unreachable' } as const
    expect(last({ ...history, code: 'connection_refused' })).toBe(
      'connection_refused: Nothing listens at the address. No further attempt: a failure to connect is retried 4 times at most (`maxRetries: 0`: never).',
    )
    expect(last({ ...history, code: 'host_not_found' })).toMatch(/: an unknown host is retried twice at most \(.*\)\.$/)
  })

  it('says what to do about a lost conversation, and that one of a dead endpoint still exists', () => {
    expect(last({ code: 'previous_response_not_found', giveUpReason: 'not_retryable' })).toMatch(
      /would not help\. Send the whole input, or rebuild the request in `onPreviousResponseNotFound`\.$/,
    )
    const dead = { continuity: 'upstream_unavailable', giveUpReason: 'unreachable' } as const
    expect(last(dead)).toMatch(/ The conversation still exists: keep its id, and continue it later\.$/)
    expect(last({ ...dead, giveUpReason: 'not_retryable' })).toMatch(/would not help\.$/)
  })

  it('ends with the advice of a silent endpoint; that of an answer stands in the first line', () => {
    const deadline = { name: 'ttfb', ms: 45_000, source: 'option' } as const
    const silent = { code: 'ttfb_timeout', giveUpReason: 'retries_exhausted', advice: 'Look at the proxy' } as const
    expect(last({ ...silent, attempts: [{ ...FAILED, deadline }], deadline })).toMatch(
      /\(`maxRetries`\)\. Look at the proxy\.$/,
    )
    expect(last(silent)).not.toContain('proxy')
  })

  it('gives a deadline that no attempt tells of, and the wait that the endpoint asked for', () => {
    const deadline = { name: 'total', ms: 5000, source: 'option' } as const
    expect(last({ code: 'total_timeout', deadline, giveUpReason: 'deadline_exceeded' })).toBe(
      'total_timeout: The whole call took longer than timeouts.totalMs. The total deadline was 5 s (option).',
    )
    expect(last({ giveUpReason: 'not_retryable', retryAfterMs: 2000 })).toMatch(/ The endpoint asked to wait 2 s\.$/)
  })

  it('says of an aborted call when it was aborted, unless its last attempt says so', () => {
    expect(last({ attempts: [], aborted: true })).toBe('aborted by the caller before anything was sent')
    expect(last({ aborted: true })).toBe('aborted by the caller before the next attempt')
    expect(last({ attempts: [{ ...FAILED, outcome: 'aborted', code: undefined }], aborted: true })).toMatch(
      /^attempt 1/,
    )
  })
})

it('the first attempt tells when the call began', () => {
  const told = explainHistory({ attempts: [FAILED, FAILED], startedAt: '2026-01-01T00:00:00.000Z' })
  expect(told.match(/\(call began 2026-01-01T00:00:00\.000Z\): /g)).toHaveLength(1)
})
