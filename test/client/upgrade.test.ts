import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { failedStream, fake, textStream } from '../../src/testing/index.ts'
import { scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const final = ok.at(-1)?.response as object
const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)

describe('upgradeToStream', () => {
  it('streams inside, and gives the JSON that an endpoint without streams would have sent', async () => {
    const s = scenario([fake.respond(ok, { headers: { 'x-request-id': 'req_1' } })], { upgradeToStream: true })
    const { value } = await s.settle(s.post({ stream: false, store: false, previous_response_id: 'resp_0' }))
    expect(value?.headers.get('content-type')).toMatch(/^application\/json/)
    expect(value?.headers.get('x-request-id')).toBe('req_1')
    expect(await value?.json()).toEqual(final)
    expect(s.transport.requests[0]?.json).toEqual({
      model: 'm',
      input: 'hi',
      stream: true,
      store: false,
      previous_response_id: 'resp_0',
    })
    await s.nothingIsLeft()
  })

  it('retries at any point until the response is complete', async () => {
    const s = scenario([fake.stall(), [fake.events(upToDelta), fake.reset()].flat(), fake.respond(ok)], {
      upgradeToStream: true,
    })
    expect(await (await s.settle(s.post({ stream: false }))).value?.json()).toEqual(final)
    await s.nothingIsLeft()
  })

  it.each([
    ['begun before it', (read: () => Promise<unknown>, abort: () => void) => [read(), abort()][0]],
    ['begun after it', (read: () => Promise<unknown>, abort: () => void) => [abort(), read()][1]],
  ])('gives nothing after an abort, to a read %s', async (_, run) => {
    for (const read of ['text', 'body', 'rest'] as const) {
      const s = scenario([fake.respond(ok)], { upgradeToStream: true })
      const controller = new AbortController()
      const { value } = await s.settle(s.post({ stream: false }, { signal: controller.signal }))
      const reader = read === 'text' ? undefined : value?.body?.getReader()
      if (read === 'rest') await reader?.read()
      const reading = run(
        async () => (reader === undefined ? value?.text() : reader.read()),
        () => controller.abort(new RangeError('mine')),
      )
      await expect(reading, read).rejects.toThrow('mine')
      await s.nothingIsLeft()
    }
  })

  it('gives the whole response to a reader, and then its end', async () => {
    const s = scenario([fake.respond(ok)], { upgradeToStream: true })
    const { signal } = new AbortController()
    const { value } = await s.settle(s.post({ stream: false }, { signal }))
    const reader = value?.body?.getReader()
    expect(JSON.parse(Buffer.from((await reader?.read())?.value ?? []).toString())).toEqual(final)
    expect(await reader?.read()).toEqual({ done: true, value: undefined })
    await s.nothingIsLeft()
  })

  it('understands a compressed body', async () => {
    const s = scenario([fake.respond(ok)], { upgradeToStream: true })
    const body = gzipSync(JSON.stringify({ model: 'm', input: 'hi' }))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect(await (await s.settle(s.post({}, { body, headers }))).value?.json()).toEqual(final)
    expect(s.transport.requests[0]?.json).toEqual({ model: 'm', input: 'hi', stream: true })
    expect(s.transport.requests[0]?.header('content-encoding')).toBeUndefined()
    await s.nothingIsLeft()
  })

  it('passes an error status on as it came', async () => {
    const body = { error: { message: 'no', type: 'invalid_request_error' } }
    const s = scenario([fake.status(400, { body })], { upgradeToStream: true })
    const { value } = await s.settle(s.post({ stream: false }))
    expect(value?.status).toBe(400)
    expect(await value?.json()).toEqual(body)
    await s.nothingIsLeft()
  })

  it('has the headers of the endpoint, without those of its stream', async () => {
    const headers = {
      'x-ratelimit-remaining-requests': '7',
      'content-type': 'text/event-stream',
      'content-length': '9',
    }
    const s = scenario([[fake.events(upToDelta), fake.reset()].flat(), fake.respond(ok, { headers })], {
      upgradeToStream: true,
    })
    const { value } = await s.settle(s.post({ stream: false }))
    expect(Object.fromEntries(value?.headers ?? [])).toEqual({
      'content-type': 'application/json',
      'x-ratelimit-remaining-requests': '7',
      'x-resilient-responses': expect.stringMatching(/^call=\d+\./),
    })
    await s.nothingIsLeft()
  })

  it.each([
    ['a parameter', { message: 'Your organization must be verified to stream this model.', param: 'stream' }],
    ['words', { message: 'This model does not support streaming.', param: null }],
    ['other words', { message: 'Streaming is not supported with this model.', param: null }],
  ])('sends the call as it came where the endpoint refuses to stream by %s', async (_, error) => {
    const json = { id: 'resp_1', object: 'response', status: 'completed', output: [] }
    const s = scenario([fake.status(400, { body: { error } }), fake.stall(), fake.status(200, { body: json })], {
      upgradeToStream: true,
      timeouts: { staleMs: 60_000 },
    })
    const { value } = await s.settle(s.post({ stream: false, input: 'hello' }))
    expect(await value?.json()).toEqual(json)
    expect(value?.redirected).toBe(false)
    const sent = s.transport.requests.map((request) => request.json)
    expect(sent).toEqual([
      { model: 'm', input: 'hello', stream: true },
      { model: 'm', input: 'hello', stream: false },
      { model: 'm', input: 'hello', stream: false },
    ])
    await s.nothingIsLeft()
  })

  it('sends the call as it came after a 501, at once: the endpoint has no streams', async () => {
    const json = { id: 'resp_1', object: 'response', status: 'completed', output: [] }
    const s = scenario([fake.status(501), fake.status(501), fake.status(200, { body: json })], {
      upgradeToStream: true,
    })
    const body = '{"input":"hi", "model":"m","metadata":{"n":9007199254740993}}'
    const { value } = await s.settle(s.post({}, { body }))
    expect(await value?.json()).toEqual(json)
    expect(s.transport.requests.map((request) => request.text)).toEqual([
      '{"stream":true,"input":"hi", "model":"m","metadata":{"n":9007199254740993}}',
      body,
      body,
    ])
    // The second 501 is an answer to an ordinary call, which is retried.
    expect(s.decisions()).toMatchObject([{ retry: false, reason: 'not_retryable' }, { retry: true }])
    await s.nothingIsLeft()
  })

  it('retries a 501 with streaming where classify says so', async () => {
    const s = scenario([fake.status(501), fake.respond(ok)], { upgradeToStream: true, classify: () => 'pushback' })
    expect(await (await s.settle(s.post({ stream: false }))).value?.json()).toEqual(final)
    await s.nothingIsLeft()
  })

  it.each([
    ['stream is a text', '{"model":"m","input":"hi","stream":"true"}'],
    ['stream is a number', '{"model":"m","input":"hi","stream":1}'],
    ['stream_options has no stream', '{"model":"m","input":"hi","stream_options":{"include_obfuscation":false}}'],
    ['background is a text', '{"model":"m","input":"hi","background":"true"}'],
  ])('sends a call as it came so that the endpoint can refuse it, where %s', async (_, body) => {
    const error = { message: 'no', type: 'invalid_request_error' }
    const s = scenario([fake.status(400, { body: { error } })], { upgradeToStream: true })
    const { value } = await s.settle(s.post({}, { body }))
    expect(value?.status).toBe(400)
    expect(await value?.json()).toEqual({ error })
    expect(s.transport.requests[0]?.text).toBe(body)
    await s.nothingIsLeft()
  })

  it('adds stream to the text of the caller, and changes nothing else of it', async () => {
    const s = scenario(() => fake.respond(ok), { upgradeToStream: true })
    const rest = '"temperature":1.0, "seed":12345678901234567890123,"text":{"10":"\\u00e9","2":-0}'
    for (const [given, sent] of [
      [`{${rest}}`, `{"stream":true,${rest}}`],
      [`{ "stream" : false,${rest}}`, `{ "stream" :true,${rest}}`],
      [`{${rest},"\\u0073tream":null,"background":false}`, `{${rest},"\\u0073tream":true,"background":false}`],
    ] as const) {
      expect(await (await s.settle(s.post({}, { body: given }))).value?.json()).toEqual(final)
      expect(s.transport.requests.at(-1)?.text).toBe(sent)
    }
    await s.nothingIsLeft()
  })

  it('retries a page and other JSON with status 200, as without it', async () => {
    for (const upgradeToStream of [true, false]) {
      const s = scenario(() => fake.status(200, { body: { ok: true } }), { upgradeToStream, maxRetries: 2 })
      const { error } = await s.settle(s.post({ stream: false }))
      expect(findResilientError(error)).toMatchObject({
        code: 'unexpected_content',
        giveUpReason: 'retries_exhausted',
      })
      expect(s.transport.requests).toHaveLength(3)
      await s.nothingIsLeft()
    }
  })

  it('gives a failed response as the response that it is', async () => {
    const s = scenario([fake.respond(failedStream({ code: 'invalid_prompt', message: 'no' }))], {
      upgradeToStream: true,
    })
    const { value } = await s.settle(s.post({ stream: false }))
    expect(value?.status).toBe(200)
    expect(await value?.json()).toMatchObject({ status: 'failed', error: { code: 'invalid_prompt' } })
    await s.nothingIsLeft()
  })

  it('fails in the shape of fetch when attempts are spent', async () => {
    const s = scenario([[fake.events(upToDelta), fake.reset()].flat()], { upgradeToStream: true, maxRetries: 0 })
    const { error } = await s.settle(s.post({ stream: false }))
    expect(error).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    expect(findResilientError(error)).toMatchObject({ code: 'connection_reset', giveUpReason: 'retries_exhausted' })
    await s.nothingIsLeft()
  })

  it('leaves streams, background calls and other calls alone; without it stream: false stays', async () => {
    const json = { object: 'response', status: 'queued' }
    const s = scenario([fake.respond(ok), fake.status(200, { body: json }), fake.status(200, { body: json })], {
      upgradeToStream: true,
    })
    await (await s.settle(s.post())).value?.text()
    expect(await (await s.settle(s.post({ stream: false, background: true }))).value?.json()).toEqual(json)
    await s.settle(s.client.fetch('https://api.test/v1/chat/completions', { method: 'POST', body: '{"stream":false}' }))
    expect(s.transport.requests.map((request) => (request.json as { stream?: boolean }).stream)).toEqual([
      true,
      false,
      false,
    ])
  })
})

it('an error event alone is no response: its words come out as an error body', async () => {
  const error = {
    type: 'error',
    sequence_number: 2,
    error: { type: 'invalid_request_error', code: 'invalid_prompt', message: 'no' },
  }
  const s = scenario([fake.events([...ok.slice(0, 2), error])], { upgradeToStream: true })
  const { value } = await s.settle(s.post({ stream: false }))
  expect(value?.status).toBe(400)
  expect(await value?.json()).toMatchObject({ error: { code: 'invalid_prompt' } })
  await s.nothingIsLeft()
})
