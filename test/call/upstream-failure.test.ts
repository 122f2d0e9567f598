import { describe, expect, it } from 'vitest'
import { hidingEchoes } from '../../src/call/hiding-echoes.ts'
import { upstreamFailure } from '../../src/call/upstream-failure.ts'
import { wrongResponse } from '../../src/call/wrong-response.ts'
import type { SeenFailure } from '../../src/retry/classify-hook.ts'
import { encode, readerContext } from './reader-context.ts'

const PROMPT = 'the quick brown fox jumps over the lazy dog'
const json = (value: unknown) => ({ kind: 'bytes', bytes: encode(JSON.stringify(value)) }) as const

describe('the failure that an answer reports', () => {
  it('has what the endpoint said and sent, without secrets and echoes', () => {
    const context = readerContext({ status: 429, secret: 'hunter2hunter2', clock: { wallNow: () => 0 } })
    const headers = [
      ['x-request-id', 'req_1'],
      ['retry-after', 'Thu, 01 Jan 1970 00:00:07 GMT'],
    ] as const
    const error = { code: 'slow_down', type: 'rate', message: `hunter2hunter2 sent "${PROMPT}"` }
    const failed = upstreamFailure(
      {
        ...context,
        head: { ...context.head, headers },
        request: { ...context.request, body: json({ input: PROMPT }) },
      },
      { status: 429, error, body: { error }, responseId: 'resp_1' },
    )
    expect(failed).toMatchObject({
      code: 'http_status',
      status: 429,
      lane: 'pushback',
      upstreamCode: 'slow_down',
      upstreamType: 'rate',
      hintMs: 7000,
      responseId: 'resp_1',
      answer: { headers, body: { error } },
    })
    expect(failed.upstreamMessage).toMatch(/sent/)
    expect(failed.message + failed.upstreamMessage).not.toMatch(/hunter2|quick brown/)
  })

  const asked = (said: Partial<Parameters<typeof upstreamFailure>[1]>, answer: unknown = 'final') => {
    const seen: SeenFailure[] = []
    const problems: string[] = []
    const context = readerContext({
      status: 500,
      type: 'text/plain',
      classify: (each) => {
        seen.push(each)
        if (answer instanceof Error) throw answer
        return answer as 'final'
      },
    })
    const failed = upstreamFailure(
      { ...context, log: { classifyFailed: (problem) => problems.push(problem) } },
      { status: undefined, error: undefined, body: undefined, ...said },
    )
    return { failed, seen, problems }
  }

  it('is judged by `classify`, which sees it unchanged', () => {
    const message = 'x'.repeat(9000)
    const { failed, seen, problems } = asked({ status: 500, error: { code: 'c', type: 't', message } })
    expect([failed.lane, problems]).toEqual([undefined, []])
    expect(seen).toEqual([
      { where: 'status', status: 500, code: 'c', type: 't', message: 'x'.repeat(8192), header: expect.any(Function) },
    ])
    expect([seen[0]?.header('Content-Type'), seen[0]?.header('x-none')]).toEqual(['text/plain', undefined])
  })

  it('inside a stream has the status that the event names', () => {
    expect(asked({ error: { code: 'c', status: 400 } }).seen[0]).toMatchObject({ where: 'event', status: 400 })
    expect(asked({ error: { code: '402' } }).seen[0]).toMatchObject({ where: 'event', status: 402, message: undefined })
    expect(asked({}).seen).toEqual([expect.objectContaining({ where: 'event', status: undefined, code: undefined })])
  })

  it('is judged without `classify` if that throws or returns something else, which is reported', () => {
    const thrown = asked({ status: 500 }, new Error('mine'))
    expect([thrown.failed.lane, thrown.problems]).toEqual(['pushback', ['threw']])
    const wrong = asked({ status: 500 }, 'later')
    expect([wrong.failed.lane, wrong.problems]).toEqual(['pushback', ['invalid_result']])
  })
})

describe('echoes of the request', () => {
  const hidden = (body: Parameters<typeof hidingEchoes>[0]['body'], words = `about "${PROMPT}"`): string =>
    hidingEchoes({ headers: [], body })(words)
  const text = (value: string) => ({ kind: 'bytes', bytes: encode(value) }) as const

  it.each([
    ['an object', text(JSON.stringify({ input: PROMPT }))],
    ['a list', text(JSON.stringify([PROMPT]))],
    ['an object after white space', text(` \n${JSON.stringify({ input: PROMPT })}`)],
    ['an object that was cut', text(JSON.stringify({ input: PROMPT }).slice(0, -1))],
  ])('are removed where the body is %s', (_, body) => {
    expect(hidden(body)).not.toContain('quick brown')
    expect(hidden(body)).toMatch(/^about /)
  })

  it.each([
    ['no JSON', text(`"${PROMPT}"`)],
    ['an object in the middle', text(`x {"input":"${PROMPT}"}`)],
    ['none', { kind: 'none' } as const],
  ])('stay where the body is %s', (_, body) => {
    expect(hidden(body)).toBe(`about "${PROMPT}"`)
  })

  it('stay where the coding of the body is unknown or broken', () => {
    const body = text(JSON.stringify({ input: PROMPT }))
    for (const coding of ['unknown', 'gzip'])
      expect(hidingEchoes({ headers: [['content-encoding', coding]], body })(PROMPT)).toBe(PROMPT)
  })

  it('are looked for in a body that is read once', () => {
    let reads = 0
    const body = {
      kind: 'bytes',
      get bytes() {
        reads++
        return encode(JSON.stringify({ input: PROMPT }))
      },
    } as const
    const hide = hidingEchoes({ headers: [], body })
    expect(reads).toBe(0)
    expect(hide(PROMPT)).not.toContain('quick brown')
    const afterFirst = reads
    expect(hide(PROMPT)).not.toContain('quick brown')
    expect(reads).toBe(afterFirst)
  })
})

describe('an answer with another response', () => {
  it('is a failure that does not show the other id, and keeps the one that was asked for', () => {
    const failed = wrongResponse('resp_of_another', ['resp_1', 'resp_2'])
    expect(failed).toMatchObject({
      code: 'wrong_response',
      lane: 'connection',
      responseId: 'resp_1',
      message: 'The answer holds another response than resp_1.',
    })
  })

  it.each([
    ['one of the expected ids', 'resp_2', ['resp_1', 'resp_2']],
    ['no id', undefined, ['resp_1']],
    ['an empty id', '', ['resp_1']],
    ['an id that is no text', 5, ['resp_1']],
    ['any id, if none is expected', 'resp_3', undefined],
  ])('is not one with %s', (_, id, expects) => {
    expect(wrongResponse(id, expects)).toBeUndefined()
  })
})
