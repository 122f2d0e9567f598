import type { ClientOptions } from 'openai'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { fetchTransport, findResilientError, ResilientClient } from '../../src/index.ts'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario, URL_RESPONSES } from './harness.ts'

const ok = textStream({ text: 'hello' })

describe('the drop-in fetch', () => {
  it('is one stable function that needs no this, and fits where a fetch is taken', () => {
    const { client } = scenario([])
    const { fetch } = client
    expect(client.fetch).toBe(fetch)
    expectTypeOf(fetch).toExtend<typeof globalThis.fetch>()
    expectTypeOf(fetch).toExtend<NonNullable<ClientOptions['fetch']>>()
  })

  it('passes data: addresses to the built-in fetch', async () => {
    const { client } = scenario([])
    expect(await (await client.fetch('data:,hello')).text()).toBe('hello')
  })

  it.each([
    ['a string', URL_RESPONSES],
    ['a URL', new URL(URL_RESPONSES)],
  ])('accepts %s', async (_name, input) => {
    const s = scenario([fake.respond(ok)])
    const response = await s.client.fetch(input, { method: 'POST', body: '{"stream":true}' })
    expect(response).toBeInstanceOf(globalThis.Response)
    expect(response).toMatchObject({ url: URL_RESPONSES, redirected: false, status: 200, ok: true })
    expect((await readAll(response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it('goes to the address of each call, whatever the one before had', async () => {
    const s = scenario(Array.from({ length: 5 }, () => fake.status(200)))
    const changing = new URL('https://api.test/v1/a')
    const asked: string[] = []
    const ask = async (input: string | URL | Request): Promise<unknown> => asked.push((await s.client.fetch(input)).url)
    await ask(changing)
    changing.pathname = '/v1/b'
    await ask(changing)
    await ask('https://api.test/v1/b')
    await expect(s.client.fetch('https://me:pw@api.test/v1/b')).rejects.toThrow(TypeError)
    await ask(new Request('https://api.test/v1/c#part'))
    await ask(changing)
    expect(asked).toEqual(['a', 'b', 'b', 'c', 'b'].map((name) => `https://api.test/v1/${name}`))
    expect(s.transport.requests.map(({ url }) => String(url))).toEqual(asked)
    await s.nothingIsLeft()
  })

  it('accepts a Request, whose parts the init overrides', async () => {
    const s = scenario([fake.respond(ok)])
    const request = new Request(URL_RESPONSES, {
      method: 'POST',
      body: '{"stream":true}',
      headers: { 'x-a': '1', 'x-b': '2' },
    })
    await readAll(await s.client.fetch(request))
    expect(s.transport.requests[0]).toMatchObject({ method: 'POST', text: '{"stream":true}' })
    expect(s.transport.requests[0]?.header('x-b')).toBe('2')
    await s.nothingIsLeft()
  })

  it.each([
    ['a string', 'text', 'text/plain;charset=UTF-8', 'text'],
    ['URLSearchParams', new URLSearchParams({ a: 'b c' }), 'application/x-www-form-urlencoded;charset=UTF-8', 'a=b+c'],
    ['a Blob', new Blob(['blob'], { type: 'text/x' }), 'text/x', 'blob'],
    ['a Uint8Array', new Uint8Array([104, 105]), undefined, 'hi'],
    ['an ArrayBuffer', new Uint8Array([104, 105]).buffer, undefined, 'hi'],
  ])('sends %s as the built-in fetch does', async (_name, body, contentType, text) => {
    const s = scenario([fake.status(200)])
    await s.client.fetch('https://api.test/v1/files', { method: 'POST', body })
    expect(s.transport.requests[0]?.text).toBe(text)
    expect(s.transport.requests[0]?.header('content-type')).toBe(contentType)
    await s.nothingIsLeft()
  })

  it('sends the global FormData, and the same bytes again on a retry', async () => {
    const s = scenario([fake.connectError(), fake.status(200)])
    const form = new FormData()
    form.append('file', new File(['content'], 'a.txt'))
    await (await s.settle(s.client.fetch('https://api.test/v1/files', { method: 'POST', body: form }))).value
    expect(s.transport.requests[1]?.text).toContain('filename="a.txt"')
    expect(s.transport.requests[1]?.text).toBe(s.transport.requests[0]?.text || s.transport.requests[1]?.text)
    expect(s.transport.requests[1]?.header('content-type')).toMatch(/^multipart\/form-data; boundary=/)
    await s.nothingIsLeft()
  })

  it.each([
    ['a relative address', '/v1/responses', {}],
    ['an address with credentials', 'https://user:pass@api.test/', {}],
    ['a scheme that is not HTTP', 'file:///etc/passwd', {}],
    ['a GET with a body', URL_RESPONSES, { body: 'x' }],
    ['a forbidden method', URL_RESPONSES, { method: 'TRACE' }],
    ['a stream without duplex', URL_RESPONSES, { method: 'POST', body: new ReadableStream() }],
  ])('refuses %s with a TypeError before any I/O, as the built-in fetch does', async (_name, input, init) => {
    const s = scenario([])
    await expect(s.client.fetch(input, init as RequestInit)).rejects.toBeInstanceOf(TypeError)
    await expect(globalThis.fetch(input, init as RequestInit)).rejects.toBeInstanceOf(TypeError)
    await s.nothingIsLeft()
  })

  it('refuses CR and LF in a header value before any I/O, and does not show the value', async () => {
    const s = scenario([])
    const failed = s.client.fetch(URL_RESPONSES, { headers: { 'x-token': 'planted\r\nx-evil: 1' } })
    await expect(failed).rejects.toThrow(/x-token.*CR, LF or NUL/)
    await expect(failed).rejects.not.toThrow(/planted/)
    await s.nothingIsLeft()
  })

  it('never writes to init, and takes a null signal for none', async () => {
    const s = scenario([fake.respond(ok)])
    const init = Object.freeze({
      method: 'POST',
      body: '{"stream":true}',
      headers: Object.freeze({ a: 'b' }),
      signal: null,
    })
    expect((await readAll(await s.client.fetch(URL_RESPONSES, init))).error).toBeUndefined()
    await s.nothingIsLeft()
  })

  it('fills only gaps, and only for the origin of baseURL', async () => {
    const s = scenario([fake.status(200), fake.status(200)], {
      apiKey: 'k',
      headers: { 'x-team': 'a' },
      baseURL: 'https://api.test/v1',
    })
    await s.client.fetch('https://api.test/v1/models', { headers: { 'x-team': 'theirs' } })
    await s.client.fetch('https://elsewhere.test/v1/models')
    const [ours, elsewhere] = s.transport.requests
    expect(ours?.header('authorization')).toBe('Bearer k')
    expect(ours?.header('x-team')).toBe('theirs')
    expect(elsewhere?.header('authorization')).toBeUndefined()
    expect(elsewhere?.header('x-team')).toBeUndefined()
    await s.nothingIsLeft()
  })

  it.each([204, 205, 304])('gives a null body for %i', async (status) => {
    const s = scenario([fake.status(status)])
    const response = await s.client.fetch('https://api.test/v1/files/1', { method: 'DELETE' })
    expect(response.status).toBe(status)
    expect(response.body).toBeNull()
    await s.nothingIsLeft()
  })

  it('drops content-length from a stream that it ends itself', async () => {
    const s = scenario([fake.respond(ok, { headers: { 'content-length': '99999' } })])
    expect((await s.settle(s.post())).value?.headers.has('content-length')).toBe(false)
  })

  it('hands a status that is final over at once for a call that is no Responses call', async () => {
    const s = scenario([fake.status(404, { body: 'gone' })])
    const response = await s.client.fetch('https://api.test/v1/chat/completions', {
      method: 'POST',
      body: '{"stream":true}',
    })
    expect(await response.text()).toBe('gone')
    expect(s.decisions()).toEqual([])
    await s.nothingIsLeft()
  })

  it.each([
    ['POST', 'files', 1],
    ['POST', 'chat/completions', 2],
    ['GET', 'files', 2],
  ])('a passthrough %s to %s whose connection dies is sent %i time(s)', async (method, path, times) => {
    const s = scenario(times === 1 ? [fake.reset()] : [fake.reset(), fake.status(200, { body: 'x' })])
    const { value, error } = await s.settle(
      s.client.fetch(`https://api.test/v1/${path}`, { method, ...(method === 'POST' ? { body: '{}' } : {}) }),
    )
    expect(s.transport.requests).toHaveLength(times)
    if (times === 1)
      expect(findResilientError(error)).toMatchObject({ replaySafety: 'unsafe', code: 'connection_reset' })
    else expect(await value?.text()).toBe('x')
    await s.nothingIsLeft()
  })

  it('a passthrough POST that was provably not sent is sent again', async () => {
    const s = scenario([fake.connectError('ECONNREFUSED'), fake.status(200, { body: 'x' })])
    const { value } = await s.settle(s.client.fetch('https://api.test/v1/embeddings', { method: 'POST', body: '{}' }))
    expect(await value?.text()).toBe('x')
    await s.nothingIsLeft()
  })

  it('a passthrough call is never cut by the deadlines of streams', async () => {
    const s = scenario([[fake.delay(1_700_000), fake.status(200, { body: 'slow' })].flat()], {
      timeouts: { ttfbMs: 1000 },
    })
    const { value } = await s.settle(
      s.client.fetch('https://api.test/v1/chat/completions', { method: 'POST', body: '{}' }),
    )
    expect(await value?.text()).toBe('slow')
    await s.nothingIsLeft()
  })

  it('a Responses call with stream: false may take longer than every stream deadline', async () => {
    const s = scenario([[fake.delay(1_700_000), fake.status(200, { body: { object: 'response' } })].flat()])
    const { value } = await s.settle(s.post({ stream: false }))
    expect(await value?.json()).toEqual({ object: 'response' })
    await s.nothingIsLeft()
  })

  it('the JSON of a Responses call that breaks off is asked for again', async () => {
    const head = fake.head(200, { 'content-type': 'application/json' })
    const s = scenario([
      [head, fake.bytes('{"object":'), fake.reset()].flat(),
      fake.status(200, { body: { object: 'response' } }),
    ])
    expect(await (await s.settle(s.post({ stream: false }))).value?.json()).toEqual({ object: 'response' })
    await s.nothingIsLeft()
  })

  it('GET responses/{id}?stream=true is a Responses call', async () => {
    const s = scenario([fake.events(ok.slice(0, 2)), fake.respond(ok)])
    const { value } = await s.settle(s.client.fetch(`${URL_RESPONSES}/resp_1?stream=true&starting_after=3`))
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it.each([
    ['nothing', fake.status(200, { headers: { 'content-type': 'text/event-stream', 'x-of': 'endpoint' } })],
    [
      'a comment',
      [
        fake.head(200, { 'content-type': 'text/event-stream', 'x-of': 'endpoint' }),
        fake.bytes(': hi\n\n'),
        fake.eof(),
      ].flat(),
    ],
    ['204', fake.status(204, { headers: { 'x-of': 'endpoint' } })],
  ])('hands over a resumed stream without events as it is, without a retry: %s', async (what, steps) => {
    const s = scenario([steps])
    const { value } = await s.settle(s.client.fetch(`${URL_RESPONSES}/resp_1?stream=true&starting_after=3`))
    const { status, headers } = value as Response
    expect([status, headers.get('x-of'), headers.get('x-should-retry')]).toEqual([
      what === '204' ? 204 : 200,
      'endpoint',
      null,
    ])
    expect(headers.get('x-resilient-responses')).not.toContain('gave-up')
    expect(await (value as Response).text()).toBe('')
    await s.nothingIsLeft()
  })

  it('asks again for a resumed stream that breaks inside its first event', async () => {
    const head = fake.head(200, { 'content-type': 'text/event-stream' })
    const s = scenario([[head, fake.bytes('data: {"type":"respo'), fake.eof()].flat(), fake.respond(ok)])
    const { value } = await s.settle(s.client.fetch(`${URL_RESPONSES}/resp_1?stream=true&starting_after=3`))
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it('a Responses call is one also where its origin sends it', async () => {
    const moved = fake.status(307, { headers: { location: '/elsewhere' } })
    const s = scenario([moved, fake.events(ok.slice(0, 2)), fake.respond(ok)])
    const { value } = await s.settle(s.post())
    expect(value).toMatchObject({ url: 'https://api.test/elsewhere', redirected: true })
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it('no error of ours is named AbortError or TimeoutError, and a system code stands at the end of the chain', async () => {
    const s = scenario([fake.stall()], { maxRetries: 0, timeouts: { ttfbMs: 1000 } })
    const { error } = await s.settle(s.post())
    const chain: Array<{ name: string; code?: unknown }> = []
    for (let link = error; link instanceof Error; link = link.cause) chain.push(link)
    expect(chain.map((link) => link.name)).toEqual(['TypeError', 'DeadlineError', 'Error'])
    expect(chain.at(-1)?.code).toBe('ETIMEDOUT')
    await s.nothingIsLeft()
  })
})

describe('fetchTransport', () => {
  it('returns the very object that the wrapped fetch returned, where nothing is held', async () => {
    const made = new Response('{"data":[]}', { headers: { 'content-type': 'application/json' } })
    const wrapped = vi.fn(async () => made)
    const client = new ResilientClient({ transport: fetchTransport(wrapped) })
    const response = await client.fetch('https://api.test/v1/models')
    expect(response).toBe(made)
    expect(await response.json()).toEqual({ data: [] })
    await client.close()
  })

  it('retries a stream of the wrapped fetch that breaks off in the prelude, and leaves no lock', async () => {
    const bodies = [toSSE(ok.slice(0, 2)), toSSE(ok)]
    const made: Response[] = []
    const wrapped = vi.fn(async () => {
      const response = new Response(bodies[made.length], { headers: { 'content-type': 'text/event-stream' } })
      made.push(response)
      return response
    })
    const client = new ResilientClient({ transport: fetchTransport(wrapped), random: () => 0 })
    const response = await client.fetch(URL_RESPONSES, { method: 'POST', body: '{"stream":true}' })
    expect((await readAll(response)).text).toBe(toSSE(ok))
    expect(wrapped).toHaveBeenCalledTimes(2)
    expect(made.map((each) => each.body?.locked)).toEqual([false, false])
    await client.close()
  })

  it('hands the last bytes to the first of two pending reads, and the end to the second', async () => {
    const last = ok.slice(-1)
    const s = scenario([[fake.events(ok.slice(0, -1)), fake.delay(10), fake.events(last)].flat()])
    const { value } = await s.settle(s.post({}, { signal: null }))
    const reader = value?.body?.getReader()
    let read = ''
    while (!read.includes('response.output_item.done'))
      read += Buffer.from((await reader?.read())?.value ?? []).toString()
    const both = await s.settle(Promise.all([reader?.read(), reader?.read()]))
    expect(
      both.value?.map((read) => [read?.done, Buffer.from(read?.value ?? []).includes('response.completed')]),
    ).toEqual([
      [false, true],
      [true, false],
    ])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('aborts the wrapped fetch with the call', async () => {
    let signal: AbortSignal | undefined
    const client = new ResilientClient({
      transport: fetchTransport((_input, init) => {
        signal = init?.signal ?? undefined
        return new Promise(() => {})
      }),
    })
    const controller = new AbortController()
    const posted = client.fetch(URL_RESPONSES, { method: 'POST', body: '{"stream":true}', signal: controller.signal })
    posted.catch(() => {})
    await vi.waitUntil(() => signal !== undefined)
    controller.abort(new Error('enough'))
    await expect(posted).rejects.toThrow('enough')
    expect(signal?.aborted).toBe(true)
    await client.close()
  })
})
