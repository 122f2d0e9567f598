import { describe, expect, it } from 'vitest'
import type { Target } from '../../src/endpoints/endpoints.ts'
import { standIn } from '../support/typed.ts'
import { attempted } from './attempt-rig.ts'
import { frame } from './reader-context.ts'

const CREATED = frame({ type: 'response.created', response: { id: 'resp_1', conversation: { id: 'conv_1' } } })
const DELTA = frame({ type: 'response.output_text.delta', delta: 'x' })
const COMPLETED = frame({ type: 'response.completed', response: { id: 'resp_1', status: 'completed' } })
const RESET = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
const JSON_HEAD = [['content-type', 'application/json']] as const
const minute = { ms: 60_000, source: 'option' }
const LONG = { idle: minute, ttfb: minute, progress: minute }

function target() {
  const seen: string[] = []
  let life = 0
  const part = standIn<Target>({
    endpoint: 'https://api.test/v1',
    saw: (id: string) => void seen.push(id),
    sawLife: () => void life++,
  })
  return { target: part, seen, life: () => life }
}

describe('the endpoint of an attempt hears', () => {
  it('the ids of a stream from the first event that names its response, once', () => {
    const { target: given, seen, life } = target()
    const a = attempted({ target: given })
    a.sent()
    a.head()
    a.data(frame({ type: 'response.queued' }))
    expect(seen).toEqual([])
    a.data(CREATED)
    expect([seen, life()]).toEqual([['resp_1', 'conv_1'], 0])
    a.data(CREATED, DELTA)
    expect([seen, life()]).toEqual([['resp_1', 'conv_1'], 1])
  })

  it('the id of a whole answer', () => {
    const { target: given, seen } = target()
    const a = attempted({ target: given, kind: 'json' })
    a.sent()
    a.head(200, JSON_HEAD)
    a.data('{"id":"resp_1","object":"response","status":"completed","output":[]}')
    a.reports.end()
    expect([seen, a.attempt.record?.outcome]).toEqual([['resp_1'], 'committed'])
  })

  it('the id in a response that is passed on untouched', async () => {
    const { target: given, seen } = target()
    const response = new Response('{"id":"resp_1"}', { headers: { 'content-type': 'application/json' } })
    const a = attempted({ target: given, kind: 'passthrough', takeResponse: () => response })
    a.sent()
    a.head(200, JSON_HEAD)
    await a.opened()
    expect(a.attempt.untouched).toBe(response)
    expect(await response.text()).toBe('{"id":"resp_1"}')
    await a.clock.settle()
    expect(seen).toEqual(['resp_1'])
  })

  it('nothing without an endpoint to tell', async () => {
    const a = attempted({ kind: 'json' })
    a.sent()
    a.head(200, JSON_HEAD)
    a.data('{"id":"resp_1","object":"response","status":"completed","output":[]}')
    a.reports.end()
    expect(a.attempt.record?.outcome).toBe('committed')
    const response = new Response('{"id":"resp_1"}', { headers: { 'content-type': 'application/json' } })
    const untouched = attempted({ kind: 'passthrough', takeResponse: () => response })
    untouched.sent()
    untouched.head(200, JSON_HEAD)
    await untouched.opened()
    expect(await response.text()).toBe('{"id":"resp_1"}')
  })
})

describe('a terminal event without its blank line', () => {
  const held = (given: Parameters<typeof attempted>[0] = { limits: LONG }) => {
    const a = attempted(given)
    a.sent()
    a.head()
    a.data(DELTA)
    a.take()
    a.data(COMPLETED.trimEnd())
    a.take()
    expect(a.attempt.ended).toBe(false)
    return a
  }
  const completed = (a: ReturnType<typeof attempted>): void => {
    expect([a.attempt.failed, a.attempt.record?.outcome]).toEqual([undefined, 'committed'])
    expect(a.asked().at(-1)).toBe('drain')
  }

  it('completes the attempt if nothing follows for a second', async () => {
    const a = held()
    await a.clock.advance(999)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    completed(a)
    a.clock.assertNothingPending()
  })

  it('completes it if the connection breaks, or a deadline expires', async () => {
    const broken = held()
    broken.reports.error(RESET)
    completed(broken)
    const idle = held({ limits: { ...LONG, idle: { ms: 500, source: 'option' } } })
    await idle.clock.advance(500)
    completed(idle)
  })

  it('is not one if more comes, and is looked at again', async () => {
    const a = held()
    await a.clock.advance(999)
    a.data('\ndata: more')
    await a.clock.advance(999)
    expect(a.attempt.ended).toBe(false)
    a.attempt.abort('over')
    a.clock.assertNothingPending()
  })

  it('that is not whole does not complete the attempt', async () => {
    const a = attempted({ limits: LONG })
    a.sent()
    a.head()
    a.data(DELTA, COMPLETED.slice(0, 40))
    a.take()
    await a.clock.advance(5000)
    expect(a.attempt.ended).toBe(false)
    a.reports.error(RESET)
    expect(a.attempt.failed?.code).toBe('connection_reset')
  })
})

describe('an error status', () => {
  it('is judged with as much of its body as came within 5 s', async () => {
    const a = attempted({ limits: LONG })
    a.sent()
    a.head(503, JSON_HEAD)
    a.data('{"error":{"code":"slow_down"')
    await a.clock.advance(4999)
    expect(a.attempt.ended).toBe(false)
    await a.clock.advance(1)
    expect(a.attempt.failed).toMatchObject({ code: 'http_status', status: 503 })
    a.clock.assertNothingPending()
  })

  it('decides if its body breaks off, or a deadline comes first', async () => {
    const broken = attempted({ limits: LONG })
    broken.sent()
    broken.head(503, JSON_HEAD)
    broken.reports.error(RESET)
    expect(broken.attempt.failed).toMatchObject({ code: 'http_status', status: 503 })
    const late = attempted({ limits: { ...LONG, idle: { ms: 50, source: 'option' } } })
    late.sent()
    late.head(503, JSON_HEAD)
    await late.clock.advance(50)
    expect(late.attempt.failed).toMatchObject({ code: 'http_status', status: 503 })
  })
})

describe('a passthrough answer', () => {
  it('is read, from a copy, if it could be retried', async () => {
    let copies = 0
    const couldRepeat = (failed: { readonly status?: number | undefined }): boolean => failed.status === 503
    const given = { kind: 'passthrough', couldRepeat, readCopy: () => void copies++, limits: LONG } as const
    const a = attempted(given)
    a.sent()
    a.head(503, JSON_HEAD)
    expect([a.attempt.committed, copies]).toEqual([false, 1])
    a.data('{"error":{"code":"insufficient_quota"}}')
    a.reports.end()
    expect(a.attempt.failed).toMatchObject({ status: 503, lane: undefined })
    const final = attempted(given)
    final.sent()
    final.head(400, JSON_HEAD)
    expect([final.attempt.committed, copies]).toEqual([true, 1])
    final.attempt.abort('over')
  })

  it('that could be retried comes from the transport, once it has answered', () => {
    const response = new Response('no', { status: 503 })
    let taken = 0
    const takeResponse = (): Response => {
      taken++
      return response
    }
    const a = attempted({ kind: 'passthrough', couldRepeat: () => true, takeResponse, limits: LONG })
    a.sent()
    a.head(503, JSON_HEAD)
    expect([a.attempt.untouched, taken]).toEqual([undefined, 0])
    a.reports.end()
    expect([a.attempt.untouched, a.attempt.untouched, taken]).toEqual([response, response, 1])
  })
})

describe('an attempt that is left', () => {
  it('is answered, and its connection is drained', async () => {
    const a = attempted()
    a.sent()
    a.head(307)
    a.asked()
    a.attempt.leave()
    expect([a.asked(), a.attempt.record?.outcome]).toEqual([['drain'], 'answered'])
    expect(a.take()).toEqual({ kind: 'failed', error: undefined })
    a.attempt.leave()
    expect([a.asked(), a.heard.filter((what) => what.startsWith('ended'))]).toEqual([[], ['ended 3 true']])
  })

  it('cancels the body of the transport’s own response', async () => {
    let cancelled = 0
    const body = new ReadableStream({ cancel: () => void cancelled++ })
    const a = attempted({ kind: 'passthrough', takeResponse: () => new Response(body) })
    a.sent()
    a.head()
    a.attempt.leave()
    await a.clock.settle()
    expect(cancelled).toBe(1)
  })
})

describe('an attempt', () => {
  it('is sent where an instrumentation wants it to be', () => {
    const said: string[] = []
    const a = attempted({
      sendIn: (send) => {
        said.push('before')
        const exchange = send()
        said.push('after')
        return exchange
      },
    })
    expect(said).toEqual(['before', 'after'])
    a.sent()
    a.attempt.abort('over')
    expect(a.asked()).toEqual(['destroy'])
  })

  it('fails with another response than the one it asked for', () => {
    const a = attempted({ expects: ['resp_2'] })
    a.sent()
    a.head()
    a.data(CREATED)
    expect(a.attempt.failed).toMatchObject({ code: 'wrong_response', responseId: 'resp_2' })
  })

  it('knows the credentials of its request, and whether its answer was whole', () => {
    const a = attempted({ kind: 'json' })
    expect([a.attempt.secrets, a.attempt.readsWhole]).toEqual([expect.arrayContaining(['hunter2hunter2']), false])
    a.sent()
    a.head(200, JSON_HEAD)
    a.data('{"object":"response"}')
    a.reports.end()
    expect(a.attempt.readsWhole).toBe(true)
    expect(a.attempt.commitReason).toBe('answer')
  })
})
