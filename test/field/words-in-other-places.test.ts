import { describe, expect, it } from 'vitest'
import { explain } from '../../src/index.ts'
import { answer, fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playOpenAI } from './support/play.ts'

const REPORTS = [
  [
    'Gemini, OpenAI-compatible',
    [{ error: { code: 400, message: 'Invalid model name', status: 'INVALID_ARGUMENT' } }],
    'Invalid model name',
  ],
  [
    'NestJS',
    { statusCode: 400, message: ['one is wrong', 'two is wrong'], error: 'Bad Request' },
    'one is wrong; two is wrong',
  ],
  [
    'FastAPI around an error',
    { detail: { error: { message: 'No such deployment', code: 'bad_model' } } },
    'No such deployment',
  ],
  ['FastAPI around a text', { detail: { error: 'No such deployment' } }, 'No such deployment'],
  ['Lambda', { errorMessage: 'Task timed out', errorType: 'Sandbox.Timedout' }, 'Task timed out'],
  [
    'Apigee',
    { fault: { faultstring: 'Invalid ApiKey', detail: { errorcode: 'oauth.v2.InvalidApiKey' } } },
    'Invalid ApiKey',
  ],
  ['msg and code', { msg: 'quota of the group is used', code: 'group_quota' }, 'quota of the group is used'],
  ['Baidu', { error_msg: 'Open api daily limit', error_code: 17 }, 'Open api daily limit'],
] as const

describe('the message of an endpoint that puts it in another place', () => {
  it.each(REPORTS)('is on the error and begins the explanation: %s', async (_, body, words) => {
    await using server = await fieldServer([jsonAnswer(400, body)])
    const { error } = await playCreate({ baseURL: server.baseURL })
    expect(error).toMatchObject({ status: 400, upstreamMessage: words })
    expect(explain(error)?.startsWith(`${words} (400`)).toBe(true)
    const hosted = await playOpenAI({ baseURL: server.baseURL }, (openai) => openai.responses.create(ASKED))
    expect(explain(hosted.error)?.startsWith(words)).toBe(true)
  })

  it('is read even if more JSON, or a remark of a proxy, follows', async () => {
    const first = JSON.stringify({ error: { message: 'a "{" in words', code: 'bad' } })
    for (const after of ['{"input":"my prompt"}', '\n{"trace":1}\n', '\n<!-- proxy -->']) {
      await using server = await fieldServer([answer(400, first + after, { 'content-type': 'application/json' })])
      const { error } = await playCreate({ baseURL: server.baseURL })
      expect(error).toMatchObject({ upstreamMessage: 'a "{" in words', upstreamCode: 'bad', body: first + after })
      expect((error as Error).message).not.toContain('my prompt')
    }
  })

  it('begins the explanation of a page, too; without a message a line says so', async () => {
    for (const [type, body, line] of [
      ['text/html', '<h1>403 Forbidden</h1><center>nginx</center>', '403 Forbidden nginx (403)'],
      ['application/xml', '<Error><Message>Access denied</Message></Error>', 'Access denied (403)'],
      ['application/json', '', 'The endpoint gave no message, only: 403'],
      ['application/json', '{"error":null}', 'The endpoint gave no message, only: 403'],
      ['application/json', '{"statusCode":403}', 'The endpoint gave no message, only: 403'],
    ] as const) {
      await using server = await fieldServer([answer(403, body, { 'content-type': type })])
      const { error } = await playCreate({ baseURL: server.baseURL })
      expect(explain(error)?.split('\n')[0]).toBe(line)
      expect((error as Error).message).not.toContain('(403)')
    }
  })
})

describe('control characters of an endpoint', () => {
  it('appear in no message, code or explanation, from JSON, a page or an event', async () => {
    const evil = '\u001b[2Jred\u0000\u009b31m \u202egnp\u202c'
    const error = { message: `no ${evil} go`, code: `c${evil}`, type: `t${evil}`, param: `p${evil}` }
    for (const given of [
      jsonAnswer(400, { error }),
      answer(400, `<p>no ${evil}</p>`, { 'content-type': 'text/html' }),
      answer(400, `no ${evil}`, { 'content-type': 'text/plain' }),
      streamAnswer(`data: ${JSON.stringify({ ...error, type: 'error' })}\n\n`),
    ]) {
      await using server = await fieldServer([given])
      const { error: thrown } = await playCreate({ baseURL: server.baseURL, maxRetries: 0 })
      const { message, upstreamMessage, upstreamCode, type, param } = thrown as Record<string, unknown> & Error
      const shown = [message, upstreamMessage, upstreamCode, type, param, explain(thrown)?.replaceAll('\n', ' ')].join(
        ' ',
      )
      expect(shown).toContain('red')
      expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e]/u)
    }
  })
})
