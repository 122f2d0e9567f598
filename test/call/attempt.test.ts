import { describe, expect, it } from 'vitest'
import { phaseOf } from '../../src/call/attempt-failure.ts'
import { silenceHint } from '../../src/call/silence-hint.ts'
import type { Target } from '../../src/endpoints/endpoints.ts'
import type { AttemptRecord } from '../../src/errors/errors.ts'
import { standIn } from '../support/typed.ts'
import { attempted, INFO } from './attempt-rig.ts'
import { frame } from './reader-context.ts'

const CREATED = frame({
  type: 'response.created',
  sequence_number: 0,
  response: { id: 'resp_1', status: 'in_progress' },
})
const DELTA = frame({ type: 'response.output_text.delta', sequence_number: 4, delta: 'x' })
const COMPLETED = frame({
  type: 'response.completed',
  sequence_number: 9,
  response: { id: 'resp_1', status: 'completed' },
})
const FAILED = frame({ type: 'response.failed', response: { id: 'resp_1', error: { code: 'slow_down' } } })
const ERROR = frame({ type: 'error', code: 'slow_down', message: 'm' })
const RESET = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

describe('an attempt that succeeds', () => {
  it('holds its output until the first progress, hands it over read by read, and drains the rest', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(CREATED)
    expect([a.attempt.committed, await a.opened(), a.asked()]).toEqual([false, undefined, []])
    a.data(DELTA)
    expect([a.attempt.committed, await a.opened(), a.asked()]).toEqual([true, { kind: 'committed' }, ['pause']])
    expect(a.take()).toBe(CREATED)
    expect(a.asked()).toEqual([])
    expect(a.take()).toBe(DELTA)
    expect(a.asked()).toEqual(['resume'])
    a.data(DELTA)
    expect([a.asked(), a.take(), a.asked()]).toEqual([['pause'], DELTA, ['resume']])
    a.data(COMPLETED)
    expect([a.asked(), a.commits()]).toEqual([['drain'], ['progress']])
    expect([a.take(), a.take()]).toEqual([COMPLETED, { kind: 'end' }])
    expect(a.attempt.record).toMatchObject({ outcome: 'committed', code: undefined, phase: 'committed', attempt: 3 })
    expect(a.heard).toEqual(['first event 3', 'commit 3 false', 'ended 3 true'])
    expect(a.told()).toEqual([
      'attempt_start',
      'attempt_connected',
      'attempt_headers',
      'attempt_first_event',
      'attempt_commit',
      'attempt_end',
    ])
    a.clock.assertNothingPending()
  })

  it('in one read is handed over at once', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(CREATED, DELTA, COMPLETED)
    expect(await a.opened()).toEqual({ kind: 'committed' })
    expect([a.take(), a.take()]).toEqual([CREATED + DELTA + COMPLETED, { kind: 'end' }])
    expect(a.asked().at(-1)).toBe('drain')
  })

  it('wakes a waiting consumer for each read, and continues reading when it has taken it', () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA)
    expect([a.take(), a.asked()]).toEqual([DELTA, ['pause', 'resume']])
    const taken: unknown[] = []
    a.attempt.output.whenReady({ onReady: () => taken.push(a.take()) })
    a.data(DELTA)
    expect([taken, a.asked()]).toEqual([[DELTA], []])
  })

  it('works without listeners', async () => {
    const a = attempted({ onFirstEvent: undefined, onCommit: undefined })
    a.sent()
    a.head()
    a.data(DELTA)
    expect(await a.opened()).toEqual({ kind: 'committed' })
  })

  it('ignores what comes after its end', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA, COMPLETED)
    const { record } = a.attempt
    a.asked()
    a.data(DELTA)
    a.reports.end()
    a.reports.error(RESET)
    a.attempt.supersede()
    expect([a.take(), a.attempt.record, a.attempt.failed]).toEqual([
      { kind: 'failed', error: undefined },
      record,
      undefined,
    ])
    expect([a.asked(), await a.opened(), a.heard.length]).toEqual([[], { kind: 'committed' }, 3])
  })
})

describe('an attempt that fails', () => {
  it.each([
    ['before it has a connection', 0, 'connecting', true],
    ['while it is sent', 1, 'sending', false],
    ['while it waits', 2, 'waiting', false],
    ['within the prelude', 3, 'prelude', false],
  ] as const)('%s: poisons and destroys before anybody hears of it', async (_, steps, phase, connecting) => {
    const a = attempted()
    a.reports.connecting()
    if (steps > 0) a.reports.connected(INFO)
    if (steps > 1) a.reports.sent()
    if (steps > 2) {
      a.head()
      a.data(CREATED)
    }
    a.reports.error(RESET)
    expect(a.asked()).toEqual(['poison connection_reset', 'destroy'])
    const failure = expect.objectContaining({ code: 'connection_reset' })
    expect(await a.opened()).toEqual({ kind: 'failed', failure })
    expect(a.attempt.failed?.connecting).toBe(connecting)
    expect(a.attempt.record).toMatchObject({ outcome: 'failed', code: 'connection_reset', phase })
    if (steps > 2) expect(a.take()).toBe(CREATED)
    expect(a.take()).toEqual({ kind: 'failed', error: a.attempt.failed })
    expect(a.heard.at(-1)).toBe('ended 3 true')
    a.clock.assertNothingPending()
  })

  it('does not poison the client if the connection is not the cause', async () => {
    const a = attempted()
    a.sent()
    a.reports.error(Object.assign(new Error('of hunter2hunter2'), { code: 'ERR_RESILIENT_BODY' }))
    expect(a.asked()).toEqual(['destroy'])
    expect(a.attempt.failed).toMatchObject({ code: 'request_body_failed' })
    expect(a.attempt.failed?.message).not.toContain('hunter2')
  })

  it('reads the hint of the endpoint by its clock', () => {
    const a = attempted()
    a.sent()
    // The clock says 2026-01-01T00:00:00Z.
    a.head(429, [['retry-after', 'Thu, 01 Jan 2026 00:00:05 GMT']])
    a.reports.end()
    expect(a.attempt.failed?.hintMs).toBe(5000)
  })

  it('names the host', () => {
    const a = attempted()
    a.reports.connecting()
    a.reports.error(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
    expect(a.attempt.failed?.message).toContain('api.test:8443')
  })

  it('counts as sent if the transport cannot see its connection', () => {
    const blind = attempted({ seesConnect: false })
    blind.reports.error(RESET)
    expect([phaseOf(blind.attempt.times), blind.attempt.failed?.connecting]).toEqual(['preparing', false])
    const seeing = attempted()
    expect(phaseOf(seeing.attempt.times)).toBe('preparing')
    seeing.reports.error(RESET)
    expect(seeing.attempt.failed?.connecting).toBe(true)
  })

  it('after the commit says so', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA)
    a.take()
    a.reports.error(RESET)
    expect([await a.opened(), a.attempt.record?.phase]).toEqual([{ kind: 'committed' }, 'committed'])
    expect(a.take()).toEqual({ kind: 'failed', error: a.attempt.failed })
  })

  it('without an answer, or with half of one, is incomplete', async () => {
    const silent = attempted()
    silent.sent()
    silent.reports.end()
    expect(silent.attempt.failed?.code).toBe('empty_response')
    const half = attempted()
    half.sent()
    half.head()
    half.data(CREATED)
    half.reports.end()
    expect(half.attempt.failed?.code).toBe('stream_incomplete')
    half.reports.end()
    expect(half.heard.filter((what) => what.startsWith('ended'))).toHaveLength(1)
  })

  it('that the endpoint reports is answered: its words are the output, and the connection is kept', async () => {
    const a = attempted()
    a.sent()
    a.head(429)
    a.data('{"error":{"code":"slow_down"}}')
    a.reports.end()
    expect(a.asked()).toEqual(['drain'])
    expect(await a.opened()).toMatchObject({ kind: 'failed', failure: { code: 'http_status', status: 429 } })
    expect(a.attempt.record?.outcome).toBe('answered')
    expect([a.take(), a.take()]).toEqual(['{"error":{"code":"slow_down"}}', { kind: 'end' }])
  })

  it('that the endpoint reports after the commit is handed over', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA, FAILED)
    expect([await a.opened(), a.attempt.record?.outcome]).toEqual([{ kind: 'committed' }, 'committed'])
    expect(a.attempt.failed).toMatchObject({ upstreamCode: 'slow_down' })
  })
})

describe('an attempt whose time is over', () => {
  const later = async (given: Parameters<typeof attempted>[0], ms: number, ...steps: ((a: Rig) => void)[]) => {
    const a = attempted(given)
    for (const step of steps) step(a)
    await a.clock.advance(ms - 1)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    return a
  }
  type Rig = ReturnType<typeof attempted>
  const connecting = ({ reports }: Rig): void => reports.connecting()
  const connected = ({ reports }: Rig): void => reports.connected(INFO)
  const sent = ({ reports }: Rig): void => reports.sent()
  const head = (a: Rig): void => a.head()
  const created = (a: Rig): void => a.data(CREATED)

  const HELD_BACK = `. ${silenceHint({ connectingAt: 0, connectedAt: 0, lastByteAt: undefined })}`
  it.each([
    ['connect', 10, 'while connecting', [connecting], true],
    ['send', 20, 'while sending', [connecting, connected], false],
    ['ttfb', 100, 'while waiting', [connecting, connected, sent], false, HELD_BACK],
    ['ttfb', 100, 'while waiting', [connecting, connected, sent, head], false],
    ['idle', 200, 'in the prelude', [connecting, connected, sent, head, created], false],
  ] as const)('by the %s deadline of %i ms is cut %s', async (name, ms, when, steps, isUnsent, hint = '') => {
    const a = await later({}, ms, ...steps)
    const phase = when.split(' ').at(-1)
    expect(a.attempt.failed).toMatchObject({
      code: `${name}_timeout`,
      message: `api.test:8443 timed out ${when}: ${name} deadline of ${ms} ms (option)${hint}`,
      deadline: { name, ms, source: 'option' },
      advice: hint === '' ? undefined : hint.slice(2),
      connecting: isUnsent,
    })
    expect(a.asked()).toEqual([`poison ${name}_timeout`, 'destroy'])
    expect(a.attempt.record).toMatchObject({ outcome: 'failed', phase, deadline: { name } })
    a.clock.assertNothingPending()
  })

  it('has more time to be sent with each progress in sending', async () => {
    const a = attempted()
    connecting(a)
    connected(a)
    await a.clock.advance(15)
    a.reports.sending()
    await a.clock.advance(19)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed?.code).toBe('send_timeout')
  })

  it('has more time with each progress event', async () => {
    const a = attempted({ limits: { progress: { ms: 150, source: 'option' } } })
    a.sent()
    a.head()
    for (let n = 0; n < 4; n++) {
      a.data(DELTA)
      a.take()
      await a.clock.advance(100)
    }
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(50)
    expect(a.attempt.failed?.code).toBe('progress_timeout')
  })

  it('ends its send deadline when the head comes early: the request counts as written', async () => {
    const a = attempted()
    a.reports.connecting()
    await a.clock.advance(5)
    a.head()
    expect(phaseOf(a.attempt.times)).toBe('waiting')
    expect(a.attempt.times.lastByteAt).toBeDefined()
    await a.clock.advance(99)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed?.code).toBe('ttfb_timeout')
  })

  it('has no progress without progress events: bytes do not count', async () => {
    const a = attempted({ limits: { progress: { ms: 300, source: 'option' } } })
    a.sent()
    a.head()
    a.data(CREATED)
    await a.clock.advance(150)
    a.data(frame({ type: 'keepalive' }))
    await a.clock.advance(149)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed?.code).toBe('progress_timeout')
  })

  it('has all the time while the response is queued', async () => {
    const queued = frame({ type: 'response.queued', response: { status: 'queued' } })
    const inProgress = frame({ type: 'response.in_progress', response: { status: 'in_progress' } })
    const a = attempted({ limits: { progress: { ms: 150, source: 'option' } } })
    a.sent()
    a.head()
    a.data(CREATED, queued)
    for (let n = 0; n < 5; n++) {
      await a.clock.advance(100)
      a.data(frame({ type: 'response.note' }))
    }
    expect(a.attempt.ended).toBe(false)
    a.data(inProgress)
    await a.clock.advance(149)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed?.code).toBe('progress_timeout')
  })

  it('does not time out while its consumer does not read', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA)
    await a.clock.advance(5000)
    expect(a.attempt.ended).toBe(false)
    a.take()
    await a.clock.advance(199)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed?.code).toBe('idle_timeout')
  })
})

describe('an `error` event', () => {
  const lingering = (given: Parameters<typeof attempted>[0] = {}) => {
    const a = attempted(given)
    a.sent()
    a.head()
    a.data(ERROR)
    expect([a.attempt.ended, a.asked()]).toEqual([false, []])
    return a
  }

  it('fails the attempt if nothing follows for a second', async () => {
    const a = lingering({ limits: { idle: { ms: 5000, source: 'option' } } })
    await a.clock.advance(999)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt).toMatchObject({ failed: { upstreamCode: 'slow_down' }, record: { outcome: 'answered' } })
    expect(a.asked()).toEqual(['drain'])
    a.clock.assertNothingPending()
  })

  it('fails the attempt if the connection breaks after it', () => {
    const a = lingering()
    a.reports.error(RESET)
    expect(a.attempt.failed).toMatchObject({ code: 'response_failed', upstreamCode: 'slow_down' })
  })

  it('fails the attempt if another deadline comes first', async () => {
    const a = lingering({ limits: { idle: { ms: 50, source: 'option' } } })
    await a.clock.advance(50)
    expect(a.attempt.failed).toMatchObject({ code: 'response_failed', upstreamCode: 'slow_down' })
  })

  it('after the commit is followed by further reading, even if the consumer does not read', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA)
    expect(a.asked()).toEqual(['pause'])
    a.data(ERROR)
    expect(a.asked()).toEqual(['resume'])
    a.data(': more\n\n')
    expect(a.asked()).toEqual([])
    while (a.attempt.output.bytes > 0) a.take()
    expect(a.asked()).toEqual([])
    a.data(FAILED)
    expect([a.attempt.ended, a.asked()]).toEqual([true, ['drain']])
  })

  it('after the commit fails the attempt if nothing follows, whether or not the consumer reads', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA)
    await a.clock.advance(5000)
    a.data(ERROR)
    await a.clock.advance(199)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed).toMatchObject({ upstreamCode: 'slow_down' })
  })

  it('after the commit is followed by further reading if the consumer reads', async () => {
    const a = attempted({ limits: { idle: { ms: 5000, source: 'option' } } })
    a.sent()
    a.head()
    a.data(DELTA)
    a.take()
    a.asked()
    a.data(ERROR)
    expect(a.asked()).toEqual([])
    await a.clock.advance(1000)
    expect(a.asked()).toEqual(['drain'])
  })
})

describe('an attempt that is ended from outside', () => {
  it.each([
    ['aborted', (a: ReturnType<typeof attempted>) => a.attempt.abort('why'), { kind: 'aborted', reason: 'why' }, 'why'],
    ['lost', (a: ReturnType<typeof attempted>) => a.attempt.supersede(), { kind: 'lost' }, undefined],
    [
      'aborted',
      (a: ReturnType<typeof attempted>) => a.attempt.cancel(),
      { kind: 'aborted', reason: undefined },
      undefined,
    ],
  ] as const)('is %s: destroyed and not poisoned, and its output is gone', async (outcome, end, opened, error) => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(CREATED)
    end(a)
    expect([a.asked(), await a.opened()]).toEqual([['destroy'], opened])
    expect(a.attempt.record?.outcome).toBe(outcome)
    expect(a.take()).toEqual({ kind: 'failed', error })
    end(a)
    expect([a.asked(), a.heard.filter((what) => what.startsWith('ended')).length]).toEqual([[], 1])
    a.clock.assertNothingPending()
  })

  it('in the callback of its first event hands nothing over', () => {
    const a = attempted({ onFirstEvent: (own) => own.abort('why') })
    a.sent()
    a.head()
    a.data(DELTA)
    expect([a.attempt.committed, a.commits(), a.attempt.output.bytes, a.asked()]).toEqual([false, [], 0, ['destroy']])
  })

  it('ignores later reports, also before its head', () => {
    const a = attempted()
    a.sent()
    a.data('early')
    expect([a.attempt.ended, a.attempt.output.bytes]).toEqual([false, 0])
    const over = attempted()
    over.sent()
    over.attempt.abort('why')
    over.data('late')
    expect(over.attempt.times.lastByteAt).toBeUndefined()
  })

  it('reads no further', async () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(DELTA)
    a.attempt.abort('why')
    a.asked()
    a.attempt.resume()
    a.data(DELTA)
    expect([a.asked(), a.attempt.output.bytes]).toEqual([[], 0])
  })
})

describe('an answer that is passed on', () => {
  const redirect = 302
  it('commits at once, and its body is read as it comes', async () => {
    const a = attempted()
    a.sent()
    a.head(redirect)
    expect(await a.opened()).toEqual({ kind: 'committed' })
    expect([a.attempt.ended, a.attempt.untouched, a.heard]).toEqual([false, undefined, ['commit 3 false']])
    expect(a.commits()).toEqual(['answer'])
    a.data('body')
    expect(a.take()).toBe('body')
    a.reports.end()
    expect(a.attempt.record?.outcome).toBe('committed')
  })

  it('is read here if the transport has no response', () => {
    const a = attempted({ kind: 'passthrough' })
    a.sent()
    a.head()
    expect([a.attempt.committed, a.attempt.ended]).toEqual([true, false])
  })

  it('is the transport’s own response if there is one, and the attempt ends', async () => {
    let cancelled = 0
    const body = new ReadableStream({
      cancel() {
        cancelled++
      },
    })
    const response = new Response(body)
    const a = attempted({ kind: 'passthrough', takeResponse: () => response })
    a.sent()
    a.head()
    expect(a.attempt.untouched).toBe(response)
    expect([a.attempt.record?.outcome, a.take(), a.attempt.output.over]).toEqual(['committed', { kind: 'end' }, true])
    a.attempt.cancel()
    await a.clock.settle()
    expect([cancelled, a.asked()]).toEqual([1, []])
    // A redirect of ours is read by us.
    const ours = attempted({ takeResponse: () => response })
    ours.sent()
    ours.head(redirect)
    expect([ours.attempt.untouched, ours.attempt.ended]).toEqual([undefined, false])
    // A response without a body, or whose body is being read, has nothing to cancel.
    const bare = attempted({ kind: 'passthrough', takeResponse: () => new Response(null) })
    bare.head()
    bare.attempt.cancel()
    const locked = new Response('x')
    locked.body?.getReader()
    const read = attempted({ kind: 'passthrough', takeResponse: () => locked })
    read.head()
    read.attempt.cancel()
    await a.clock.settle()
  })
})

describe('a prelude that is due', () => {
  it('is handed over at that time, once', async () => {
    const a = attempted({ commitAfterMs: 50 })
    a.sent()
    a.head()
    a.data(CREATED)
    await a.clock.advance(49)
    expect(a.attempt.committed).toBe(false)
    await a.clock.advance(1)
    expect([a.attempt.committed, a.asked(), await a.opened()]).toEqual([true, ['pause'], { kind: 'committed' }])
    expect(a.take()).toBe(CREATED)
    a.data(DELTA)
    expect([a.take(), a.heard]).toEqual([DELTA, ['first event 3', 'commit 3 false']])
    expect(a.commits()).toEqual(['commit_after'])
  })
})

describe('what an attempt knows', () => {
  it('is its request, its target and its answer', () => {
    const seen: unknown[] = []
    const target = standIn<Target>({ endpoint: 'https://api.test/v1' })
    const a = attempted({ target, onHead: (head) => seen.push(head) })
    expect([a.attempt.number, a.attempt.request.attempt, a.attempt.target]).toEqual([3, 3, target])
    expect(a.attempt.answer).toBeUndefined()
    a.head(200, [['x-a', '1']])
    expect(a.attempt.answer).toEqual({ status: 200, statusText: '', headers: [['x-a', '1']] })
    expect(seen).toEqual([a.attempt.answer])
  })

  it('is the response, from the first event that names it', () => {
    const a = attempted()
    a.sent()
    a.head()
    expect(a.attempt.responseId).toBeUndefined()
    a.data(frame({ type: 'response.queued' }), CREATED, frame({ type: 'response.x', response: { id: 'resp_2' } }))
    expect(a.attempt.responseId).toBe('resp_1')
  })

  it.each<[what: string, frames: readonly string[], number: number | undefined]>([
    ['an event', [CREATED], 0],
    ['the last', [CREATED, DELTA], 4],
    ['a heartbeat, which has none', [DELTA, frame({ type: 'keepalive', sequence_number: 99 })], 4],
    ['one with blanks', ['data: {"type":"response.x", "sequence_number" :  12 }\n\n'], 12],
    ['one that has none', [DELTA, frame({ type: 'response.x' })], undefined],
    ['one whose number is none', [frame({ type: 'response.x', sequence_number: 'x' })], undefined],
  ])('is the number of the last event: %s', (_, frames, number) => {
    const a = attempted()
    a.sent()
    a.head()
    for (const text of frames) a.data(text)
    expect(a.attempt.lastSequenceNumber).toBe(number)
    const together = attempted()
    together.sent()
    together.head()
    together.data(...frames)
    expect(together.attempt.lastSequenceNumber).toBe(number)
  })

  it('includes the number of an event that came with the end of the bytes', () => {
    const a = attempted()
    a.sent()
    a.head()
    a.data(COMPLETED.slice(0, -1))
    a.reports.end()
    expect(a.attempt.lastSequenceNumber).toBe(9)
  })

  it.each([
    ['a reset', RESET, true, false, true],
    ['a close', Object.assign(new Error('closed'), { code: 'UND_ERR_SOCKET' }), true, false, true],
    ['another failure', Object.assign(new Error('dns'), { code: 'EAI_AGAIN' }), true, false, false],
    ['a reset of a new connection', RESET, false, false, false],
    ['a reset behind the first byte', RESET, true, true, false],
  ])('is whether its connection was stale: %s', (_, error, reused, hasAnswered, expected) => {
    const a = attempted()
    a.reports.connected({ ...INFO, reused })
    expect(a.attempt.connectionWasStale).toBe(false)
    if (hasAnswered) a.head()
    a.reports.error(error)
    expect(a.attempt.connectionWasStale).toBe(expected)
  })

  it('is that it was not stale, without a connection', () => {
    const a = attempted()
    a.reports.error(RESET)
    expect(a.attempt.connectionWasStale).toBe(false)
  })

  it('is in its record', () => {
    const a = attempted()
    a.sent()
    a.head(200, [['x-request-id', 'req_1']])
    a.data(CREATED)
    a.attempt.abort('why')
    expect(a.attempt.record).toEqual({
      attempt: 3,
      outcome: 'aborted',
      code: undefined,
      phase: 'prelude',
      generation: 2,
      connectionReused: true,
      startedAtMs: 0,
      connectedAtMs: 0,
      sentAtMs: 0,
      headersAtMs: 0,
      firstEventAtMs: 0,
      endedAtMs: 0,
      status: 200,
      requestId: 'req_1',
      responseId: 'resp_1',
      deadline: undefined,
    } satisfies AttemptRecord)
  })
})
