import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { explain, findResilientError, ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { answer, fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { HELLO } from './support/hello.ts'
import { QUICK } from './support/play.ts'

const PROMPT = 'my very private prompt about Mr. Planted'
const PLANTED = /planted/i

/** Everything that is printed of a failure, by whichever face it came. */
function printed(thrown: unknown): string {
  const ours = findResilientError(thrown)
  return [
    inspect(thrown, { depth: 9, showHidden: true }),
    JSON.stringify(ours),
    ours?.message,
    (ours as { upstreamMessage?: string } | undefined)?.upstreamMessage,
    explain(thrown),
  ].join('\n')
}

const error = { message: `Invalid value: '${PROMPT}'.`, type: 'invalid_request_error', param: PROMPT, code: 'bad' }
const ANSWERS = [
  ['as JSON', jsonAnswer(400, { error })],
  ['with capitals', jsonAnswer(400, { error: { message: PROMPT.toUpperCase() } })],
  ['as a text', answer(400, `bad: ${PROMPT}`, { 'content-type': 'text/plain' })],
  ['on a page', answer(403, `<html><body>blocked: <b>${PROMPT}</b></body></html>`, { 'content-type': 'text/html' })],
  ['on a page in place of a stream', answer(200, `<p>${PROMPT}</p>`, { 'content-type': 'text/html' })],
  ['inside a stream', streamAnswer(frames({ type: 'error', error }))],
  [
    'in a failed response',
    streamAnswer(frames({ type: 'response.failed', response: { ...HELLO.created.response, status: 'failed', error } })),
  ],
] as const

describe('an endpoint that echoes the prompt in its words', () => {
  it.each(ANSWERS)('%s', async (_how, said) => {
    await using server = await fieldServer([said])
    const events: TelemetryEvent[] = []
    const client = new ResilientClient({
      ...QUICK,
      maxRetries: 0,
      baseURL: server.baseURL,
      apiKey: 'sk-field',
      onEvent: (event) => events.push(event),
    })
    const body = { model: 'gpt-5.2', input: [{ role: 'user', content: PROMPT }] } as const
    const typed = await client.responses
      .stream(body)
      .finalResponse()
      .catch((thrown: unknown) => thrown)
    expect(findResilientError(typed)?.message).toContain('[redacted]')
    const url = `${server.baseURL}/responses`
    const text = JSON.stringify({ ...body, stream: true })
    const requests: RequestInit[] = [
      { method: 'POST', body: text },
      { method: 'POST', body: gzipSync(text), headers: { 'content-encoding': 'gzip' } },
    ]
    const outcomes: unknown[] = [typed]
    for (const init of requests) {
      const response = await client.fetch(url, init).catch((thrown: unknown) => thrown)
      if (response instanceof Response) {
        expect(explain(response)).not.toMatch(PLANTED)
        await response.text().catch((thrown: unknown) => outcomes.push(thrown))
      } else outcomes.push(response)
    }
    for (const outcome of outcomes) expect(printed(outcome)).not.toMatch(PLANTED)
    for (const event of events) expect(inspect(event, { depth: 9 })).not.toMatch(PLANTED)
    await client.close()
  })
})

it('the other words of the endpoint are shown', async () => {
  await using server = await fieldServer([
    jsonAnswer(400, { error: { message: "Unsupported parameter: 'temperature' is not supported with this model." } }),
  ])
  const client = new ResilientClient({ baseURL: server.baseURL, apiKey: 'sk-field', maxRetries: 0 })
  const thrown = await client.responses.create({ model: 'gpt-5.2', input: PROMPT }).catch((reason: unknown) => reason)
  expect(findResilientError(thrown)?.message).toContain(
    "Unsupported parameter: 'temperature' is not supported with this model.",
  )
  await client.close()
})

it.each([
  [
    'before its first output',
    frames({ ...HELLO.created, response: { ...HELLO.created.response, id: 'sk-planted-key0' } }),
  ],
  [
    'behind its first output',
    frames(
      { ...HELLO.created, response: { ...HELLO.created.response, id: 'sk-planted-key0' } },
      HELLO.added,
      HELLO.delta,
    ),
  ],
])('a credential as the id of a response that breaks %s can be read, and is not printed', async (_when, body) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'
  // biome-ignore lint/suspicious/noThenProperty: what the server does behind its bytes.
  await using server = await fieldServer([{ bytes: head + body, then: 'end' }])
  const client = new ResilientClient({ baseURL: server.baseURL, apiKey: 'sk-planted-key0', maxRetries: 0 })
  const stream = client.responses.stream({ model: 'gpt-5.2', input: PROMPT })
  const thrown = await stream.finalResponse().catch((reason: unknown) => reason)
  expect(findResilientError(thrown)).toMatchObject({ responseId: 'sk-planted-key0' })
  expect(printed(thrown)).not.toMatch(PLANTED)
  await client.close()
})
