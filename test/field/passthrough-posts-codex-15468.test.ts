import type OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { createResilientFetch, explain, fetchTransport, findResilientError } from '../../src/index.ts'
import { type Answer, answer, fieldServer, jsonAnswer, type Script } from './support/field-server.ts'
import { playOpenAI, QUICK, withClient } from './support/play.ts'

// biome-ignore lint/suspicious/noThenProperty: what the server does behind its bytes.
const reset = (bytes: string): Answer => ({ bytes, then: 'reset' })
const RESET = reset('')
/** An answer that breaks off behind its head. */
const BROKEN = reset('HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\n{"err')
const FAILURES: readonly (readonly [string, Answer])[] = [
  [
    '429',
    jsonAnswer(429, { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } }, { 'retry-after-ms': '1' }),
  ],
  ['502', answer(502, '<html>Bad Gateway</html>', { 'content-type': 'text/html' })],
  ['503', answer(503, 'busy')],
  ['reset', RESET],
  ['a 503 that breaks off', BROKEN],
]

const CALLS: Readonly<Record<string, readonly [result: object, ask: (openai: OpenAI) => Promise<unknown>]>> = {
  '/responses/compact': [
    { id: 'resp_1', object: 'response.compaction', output: [] },
    (openai) => openai.responses.compact({ model: 'gpt-5', input: 'Hello' }),
  ],
  '/responses/input_tokens': [
    { object: 'response.input_tokens', input_tokens: 3 },
    (openai) => openai.responses.inputTokens.count({ model: 'gpt-5', input: 'Hello' }),
  ],
  '/chat/completions': [
    { id: 'c_1', object: 'chat.completion', choices: [] },
    (openai) => openai.chat.completions.create({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hello' }] }),
  ],
  '/completions': [
    { id: 'c_1', object: 'text_completion', choices: [] },
    (openai) => openai.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Hello' }),
  ],
  '/embeddings': [
    { object: 'list', data: [] },
    (openai) => openai.embeddings.create({ model: 'e', input: 'Hello', encoding_format: 'float' }),
  ],
  '/moderations': [{ id: 'm_1', results: [] }, (openai) => openai.moderations.create({ input: 'Hello' })],
}

function posting(script: Script, path: string, init: RequestInit = {}) {
  const play = async () => {
    await using server = await fieldServer(script)
    const played = await withClient({ baseURL: server.baseURL }, async (client) => {
      try {
        const response = await client.fetch(`${server.baseURL}${path}`, { method: 'POST', body: '{}', ...init })
        const text = await response.text()
        return { response, text, told: explain(response), error: undefined }
      } catch (error) {
        return { response: undefined, text: '', told: undefined, error: findResilientError(error) }
      }
    })
    return { ...played, requests: server.requests }
  }
  return play()
}

describe('a passthrough POST without a lasting effect', () => {
  it.each(Object.keys(CALLS).flatMap((path) => FAILURES.map(([what, failed]) => [path, what, failed] as const)))(
    'recovers through openai at maxRetries 0: %s, after %s',
    async (path, _what, failed) => {
      const [result, ask] = CALLS[path] as (typeof CALLS)[string]
      await using server = await fieldServer([failed, failed, jsonAnswer(200, result)])
      const played = await playOpenAI({ baseURL: server.baseURL }, ask)
      expect(played.error).toBeUndefined()
      expect(played.result).toMatchObject(result)
      expect(server.requests.map((request) => request.path)).toEqual([1, 2, 3].map(() => `/v1${path}`))
      expect(new Set(server.requests.map(({ body }) => body.toString())).size).toBe(1)
    },
  )

  it('gives the last answer unchanged when every attempt fails, and explains what happened', async () => {
    const last = answer(503, 'still busy', { 'content-type': 'text/plain', 'x-own': 'yes' })
    const { response, text, told, requests } = await posting([answer(503, 'busy'), last], '/chat/completions')
    expect([response?.status, text]).toEqual([503, 'still busy'])
    expect(response?.headers.get('x-own')).toBe('yes')
    expect(response?.headers.get('content-length')).toBe('10')
    expect(response?.headers.has('x-should-retry')).toBe(false)
    expect(requests).toHaveLength(5)
    expect(told).toContain('attempt 5')
  })

  it('reads the body that decides: an empty account and a bad request are final', async () => {
    for (const [status, code] of [
      [429, 'insufficient_quota'],
      [400, 'invalid_request_error'],
      [404, 'model_not_found'],
    ] as const) {
      const final = jsonAnswer(status, { error: { code, message: 'no' } })
      const { response, text, requests } = await posting([final], '/embeddings')
      expect([response?.status, requests.length]).toEqual([status, 1])
      expect(text).toContain(code)
    }
  })

  it('passes on an answer that is too large to be held', async () => {
    const large = answer(500, 'x'.repeat(5 * 1024 * 1024))
    const { response, text, requests } = await posting([large], '/chat/completions')
    expect([response?.status, text.length, requests.length]).toEqual([500, 5 * 1024 * 1024, 1])
  })

  it('streams a success as it arrives, and holds nothing of it', async () => {
    await using server = await fieldServer([
      { bytes: 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n' },
    ])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const response = await client.fetch(`${server.baseURL}/chat/completions`, {
        method: 'POST',
        body: '{"stream":true}',
      })
      expect(response.status).toBe(200)
      await response.body?.cancel()
    })
  })
})

describe('any other POST', () => {
  it.each([425, 429, 503, 529])('that was refused with %i is repeated', async (status) => {
    const { response, requests } = await posting([answer(status, 'no'), answer(200, 'ok')], '/files')
    expect([response?.status, requests.length]).toEqual([200, 2])
  })

  it.each([408, 409, 500, 502, 504])('that failed with %i is repeated only with an Idempotency-Key', async (status) => {
    const script = [answer(status, 'failed'), answer(200, 'ok')]
    const plain = await posting(script, '/files')
    expect([plain.response?.status, plain.text, plain.requests.length]).toEqual([status, 'failed', 1])
    const keyed = await posting(script, '/files', { headers: { 'idempotency-key': 'k1' } })
    expect([keyed.response?.status, keyed.requests.length]).toEqual([200, 2])
  })

  it('that was sent and not answered is not repeated, nor one whose body can be read only once', async () => {
    const lost = await posting([RESET, answer(200, 'ok')], '/files')
    expect(lost.error).toMatchObject({ code: 'connection_reset', giveUpReason: 'not_replayable' })
    expect(lost.requests).toHaveLength(1)
    const body = new Blob(['{}']).stream()
    const once = await posting([answer(503, 'busy')], '/chat/completions', { body, duplex: 'half' } as RequestInit)
    expect([once.response?.status, once.requests.length]).toEqual([503, 1])
  })
})

describe('a passthrough call over a wrapped fetch', () => {
  it('is retried by the same rules, and the last answer is the object that the fetch returned', async () => {
    await using server = await fieldServer([answer(503, 'busy'), answer(503, 'busy'), answer(200, 'ok')])
    const given: Response[] = []
    const wrapped = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const response = await fetch(input, {
        ...init,
        headers: [...new Headers(init?.headers), ['connection', 'close']],
      })
      given.push(response)
      return response
    }
    const use = createResilientFetch({ transport: fetchTransport(wrapped), baseURL: server.baseURL, ...QUICK })
    const response = await use(`${server.baseURL}/chat/completions`, { method: 'POST', body: '{}' })
    expect(response).toBe(given[2])
    expect(await response.text()).toBe('ok')
    const none = createResilientFetch({ transport: fetchTransport(wrapped), baseURL: server.baseURL, maxRetries: 0 })
    const first = await none(`${server.baseURL}/chat/completions`, { method: 'POST', body: '{}' })
    expect(first).toBe(given[3])
    await first.text()
  })

  it('gives the last failure unchanged, with its whole body', async () => {
    await using server = await fieldServer([answer(503, 'still busy', { 'x-own': 'yes' })])
    const given: Response[] = []
    const wrapped = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const response = await fetch(input, init)
      given.push(response)
      return response
    }
    const use = createResilientFetch({ transport: fetchTransport(wrapped), baseURL: server.baseURL, ...QUICK })
    const response = await use(`${server.baseURL}/embeddings`, { method: 'POST', body: '{}' })
    expect(given).toHaveLength(5)
    expect(response).toBe(given[4])
    expect([response.status, response.headers.get('x-own'), await response.text()]).toEqual([503, 'yes', 'still busy'])
  })
})
