import { describe, expect, it } from 'vitest'
import type { Target } from '../../src/endpoints/endpoints.ts'
import { standIn } from '../support/typed.ts'
import { attempted } from './attempt-rig.ts'
import { frame } from './reader-context.ts'

const CREATED = frame({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } })
const DELTA = frame({ type: 'response.output_text.delta', delta: 'x' })
const JSON_HEAD = [['content-type', 'application/json']] as const
const minute = { ms: 60_000, source: 'option' }
const LONG = { idle: minute, ttfb: minute, progress: minute }

describe('the instants of an attempt', () => {
  it('say that a whole answer was handed over, and end the wait for its explanation', () => {
    const whole = attempted({ kind: 'passthrough', limits: LONG })
    whole.sent()
    whole.head(200, JSON_HEAD)
    expect(whole.attempt.times).toMatchObject({ committed: true, answered: true, lingeringAt: undefined })
    whole.attempt.abort('over')
  })

  it('say that a stream is not a whole answer', () => {
    const stream = attempted({ limits: LONG })
    stream.sent()
    stream.head()
    stream.data(CREATED, DELTA)
    expect(stream.attempt.times).toMatchObject({ committed: true, answered: false })
    stream.attempt.abort('over')
  })

  it('hold nothing for bytes that cannot be the last event', () => {
    const stream = attempted({ limits: LONG })
    stream.sent()
    stream.head()
    stream.data(CREATED)
    expect(stream.attempt.times.heldAt).toBeUndefined()
    stream.data('data: {"type":"response.completed"}')
    expect(stream.attempt.times.heldAt).toBe(1000)
    stream.attempt.abort('over')
  })
})

describe('an attempt that has ended', () => {
  it('ignores the end of its bytes, a late error and a late event', () => {
    const a = attempted({ limits: LONG })
    a.sent()
    a.head()
    a.attempt.abort('over')
    const { record } = a.attempt
    a.reports.end()
    a.reports.error(new Error('late'))
    a.data(DELTA)
    expect([a.attempt.record, a.attempt.failed]).toEqual([record, undefined])
    expect(a.heard.filter((what) => what.startsWith('ended'))).toHaveLength(1)
  })

  it('before its head fails as one without an answer, and needs no reader', () => {
    const a = attempted({ limits: LONG })
    a.sent()
    a.reports.end()
    expect(a.attempt.failed?.code).toBe('empty_response')
  })
})

describe('the ids of a response that is passed on', () => {
  const seenAt = async (path: string): Promise<readonly string[]> => {
    const seen: string[] = []
    const target = standIn<Target>({ saw: (id: string) => void seen.push(id), sawLife: () => {} })
    const response = new Response('{"id":"resp_1"}', { headers: { 'content-type': 'application/json' } })
    const a = attempted({ target, path, kind: 'passthrough', takeResponse: () => response })
    a.sent()
    a.head(200, JSON_HEAD)
    await response.text()
    await a.clock.settle()
    return seen
  }

  it('are told to its endpoint where the endpoint keeps what they name', async () => {
    for (const path of ['/v1/responses', '/v1/responses/resp_1', '/v1/conversations', '/v1/conversations/conv_1/items'])
      expect(await seenAt(path), path).toEqual(['resp_1'])
    for (const path of ['/v1/files', '/v1/responses-of-others', '/v1/chat/completions'])
      expect(await seenAt(path), path).toEqual([])
  })
})

describe('the status of the response', () => {
  it('is read in events of its life only', async () => {
    const a = attempted({ limits: { ...LONG, progress: { ms: 100, source: 'option' } } })
    a.sent()
    a.head()
    a.data(CREATED, DELTA)
    a.take()
    a.data(frame({ type: 'response.output_text.delta', delta: 'y', response: { status: 'queued' } }))
    a.take()
    expect(a.attempt.times.queued).toBe(false)
    await a.clock.advance(100)
    expect(a.attempt.failed?.code).toBe('progress_timeout')
  })
})

describe('the facts of the response', () => {
  const RESPONSE = { id: 'resp_1', model: 'm', status: 'completed', output: [] }
  const facts = { responseId: 'resp_1', responseModel: 'm', responseStatus: 'completed' }

  it('are those of a whole answer', () => {
    const a = attempted({ kind: 'json', limits: LONG })
    a.sent()
    a.head(200, JSON_HEAD)
    a.data(JSON.stringify({ object: 'response', ...RESPONSE }))
    a.reports.end()
    expect(a.ends).toMatchObject([{ response: facts }])
  })

  it('are those of the terminal event, not of those before it', () => {
    const a = attempted({ limits: LONG })
    a.sent()
    a.head()
    a.data(frame({ type: 'response.created', response: { ...RESPONSE, model: 'asked', status: 'in_progress' } }))
    a.data(frame({ type: 'response.completed', response: RESPONSE }))
    expect(a.ends).toMatchObject([{ response: facts }])
    const cut = attempted({ limits: LONG })
    cut.sent()
    cut.head()
    cut.data(CREATED)
    cut.reports.end()
    expect(cut.ends).toEqual([expect.objectContaining({ response: undefined })])
  })
})
