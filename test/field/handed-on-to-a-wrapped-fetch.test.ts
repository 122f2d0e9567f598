import { describe, expect, it, vi } from 'vitest'
import { createResilientFetch, type FetchFunction, fetchTransport, ResilientClient } from '../../src/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { sseFrame } from '../../src/testing/streams.ts'
import { ASKED, QUICK } from './support/play.ts'

// Seen by running the unit suites of openai-node and of the AI SDK with every `fetch` wrapped: their mocks look at what
// they are called with, and throw errors of their own.

const ADDRESS = 'https://api.test/v1/responses'
const JSON_BODY = JSON.stringify(ASKED)

interface Seen {
  readonly input: string | URL | Request
  readonly init: RequestInit | undefined
}

/** A `fetch` of somebody's test; what it was called with. */
function seeing(answer: () => Response = () => Response.json({ id: 'resp_1', object: 'response' })) {
  const seen: Seen[] = []
  const mock = vi.fn<FetchFunction>(async (input, init) => {
    seen.push({ input, init })
    return answer()
  })
  return { seen, fetch: createResilientFetch({ ...QUICK, transport: fetchTransport(mock) }) }
}

async function handedOn(input: string | URL | Request, init?: RequestInit): Promise<Seen> {
  const { seen, fetch } = seeing()
  await (await fetch(input, init)).text()
  await fetch.close()
  expect(seen).toHaveLength(1)
  return seen[0] as Seen
}

describe('a wrapped fetch gets the arguments of the caller in their original form', () => {
  it('a text as a text, for Responses calls and all others', async () => {
    for (const address of [ADDRESS, 'https://api.test/v1/embeddings']) {
      const { init } = await handedOn(address, { method: 'POST', body: JSON_BODY })
      expect(init?.body).toBe(JSON_BODY)
    }
  })

  it('a form as a form, with its files, and without a content-type with a wrong boundary', async () => {
    const form = new FormData()
    form.append('purpose', 'assistants')
    form.append('file', new File(['bytes'], 'a.txt', { type: 'text/plain' }))
    const { init } = await handedOn('https://api.test/v1/files', { method: 'POST', body: form })
    const given = init?.body as FormData
    expect(given).toBeInstanceOf(FormData)
    expect([...given.keys()]).toEqual(['purpose', 'file'])
    expect((given.get('file') as File).name).toBe('a.txt')
    expect(new Headers(init?.headers).has('content-type')).toBe(false)
  })

  it('a form as it was at the time of the call, even if the caller changes it later', async () => {
    const { seen, fetch } = seeing()
    const form = new FormData()
    form.append('a', '1')
    const called = fetch('https://api.test/v1/files', { method: 'POST', body: form })
    form.append('b', '2')
    await called
    await fetch.close()
    const given = seen[0]?.init?.body
    expect(given instanceof FormData ? [...given.keys()] : given).toEqual(['a'])
  })

  it.each([
    ['URLSearchParams', new URLSearchParams({ a: 'b' }), URLSearchParams],
    ['a Blob', new Blob(['b']), Blob],
    ['an ArrayBuffer', new Uint8Array([1, 2]).buffer, ArrayBuffer],
    ['bytes', new Uint8Array([1, 2]), Uint8Array],
  ])('%s as such', async (_what, body, kind) => {
    const { init } = await handedOn('https://api.test/v1/x', { method: 'POST', body })
    expect(init?.body).toBeInstanceOf(kind)
    expect(await new Response(init?.body).arrayBuffer()).toEqual(await new Response(body).arrayBuffer())
  })

  it('headers as Headers, as an object, or as pairs, with nothing added', async () => {
    const ofHeaders = await handedOn(ADDRESS, { headers: new Headers({ authorization: 'Bearer x' }) })
    expect(ofHeaders.init?.headers).toBeInstanceOf(Headers)
    expect([...new Headers(ofHeaders.init?.headers)]).toEqual([['authorization', 'Bearer x']])
    const ofObject = await handedOn(ADDRESS, { headers: { Authorization: 'Bearer x', 'Content-Type': 'a/b' } })
    expect(ofObject.init?.headers).toEqual({ Authorization: 'Bearer x', 'Content-Type': 'a/b' })
    const ofPairs = await handedOn(ADDRESS, { headers: [['X-Mine', 'yes']] })
    expect(ofPairs.init?.headers).toEqual([['X-Mine', 'yes']])
    const ofNothing = await handedOn(ADDRESS)
    expect([...new Headers(ofNothing.init?.headers)]).toEqual([])
  })

  it('an address as it was written, a URL as a URL, a Request as a Request', async () => {
    expect((await handedOn('https://api.test')).input).toBe('https://api.test')
    expect((await handedOn(new URL(ADDRESS))).input).toEqual(new URL(ADDRESS))
    const request = new Request(ADDRESS, {
      method: 'POST',
      body: JSON_BODY,
      headers: { a: 'b' },
      cache: 'no-store',
    } as RequestInit)
    const { input, init } = await handedOn(request)
    expect(init).toBeUndefined()
    const given = input as Request
    expect(given).toBeInstanceOf(Request)
    expect([given.url, given.method, given.cache, given.headers.get('a')]).toEqual([ADDRESS, 'POST', 'no-store', 'b'])
    expect(await given.json()).toEqual(ASKED)
  })

  it('options that only the wrapped fetch knows', async () => {
    const { init } = await handedOn(ADDRESS, { next: { revalidate: 60 }, cache: 'no-store' } as RequestInit)
    expect(init).toMatchObject({ next: { revalidate: 60 }, cache: 'no-store' })
  })

  it('redirect: manual, except where the caller set another value', async () => {
    expect((await handedOn(ADDRESS)).init?.redirect).toBe('manual')
    for (const redirect of [undefined, 'follow', 'error'] as const) {
      const seen: Array<string | undefined> = []
      const mock: FetchFunction = async (_input, init) => {
        seen.push(init?.redirect)
        return Response.json({})
      }
      const fetch = createResilientFetch({ transport: fetchTransport(mock, { redirect: 'as_given' }) })
      await fetch(ADDRESS, redirect === undefined ? {} : { redirect })
      await fetch.close()
      expect(seen).toEqual([redirect])
    }
  })

  it('the body of the typed API as a text, in every attempt', async () => {
    const answers = [
      new Response('busy', { status: 503 }),
      new Response(textStream({ text: 'Hi' }).map(sseFrame).join(''), {
        headers: { 'content-type': 'text/event-stream' },
      }),
    ]
    const bodies: unknown[] = []
    const transport = fetchTransport(async (_input, init) => {
      bodies.push(JSON.parse(init?.body as string))
      return answers.shift() as Response
    })
    const client = new ResilientClient({ apiKey: 'sk-field', ...QUICK, transport })
    expect((await client.responses.create(ASKED)).output_text).toBe('Hi')
    await client.close()
    expect(bodies).toEqual([
      { ...ASKED, stream: true },
      { ...ASKED, stream: true },
    ])
  })
})

describe('an error of a wrapped fetch that is not a network failure', () => {
  class TokenError extends Error {}
  const reason = new AbortController()
  reason.abort()

  it.each([
    ['an error class of its own', new TokenError('no token')],
    ['a SyntaxError', new SyntaxError('Unexpected token')],
    ['a plain Error', new Error('not planned')],
    ['an abort reason of its own', reason.signal.reason],
    ['a timeout of its own', new DOMException('too long', 'TimeoutError')],
    ['an error with a code that says nothing of the network', Object.assign(new Error('x'), { code: 'E_AUTH_TOKEN' })],
    ['a text', 'mine'],
  ])('%s comes out as the very thing, after one call', async (_what, thrown) => {
    for (const address of [ADDRESS, 'https://api.test/v1/models']) {
      const mock = vi.fn<FetchFunction>().mockRejectedValue(thrown)
      const fetch = createResilientFetch({ ...QUICK, transport: fetchTransport(mock) })
      const post = { method: 'POST', body: JSON.stringify({ ...ASKED, stream: true }) }
      await expect(fetch(address, address === ADDRESS ? post : {})).rejects.toBe(thrown)
      expect(mock).toHaveBeenCalledTimes(1)
      await fetch.close()
    }
  })

  it('is thrown by the typed API, too', async () => {
    const thrown = new TokenError('no token')
    const client = new ResilientClient({
      apiKey: 'sk-field',
      ...QUICK,
      transport: fetchTransport(async () => Promise.reject(thrown)),
    })
    await expect(client.responses.create(ASKED)).rejects.toBe(thrown)
    await client.destroy()
  })

  it('is named by its kind in telemetry, without its message', async () => {
    const told: unknown[] = []
    const transport = fetchTransport(async () => Promise.reject(new TokenError('token sk-secret was refused')))
    const client = new ResilientClient({ transport, onEvent: (event) => told.push(event) })
    await client.fetch(ADDRESS).catch(() => {})
    await client.destroy()
    expect(JSON.stringify(told)).toContain('fetch_threw')
    expect(JSON.stringify(told)).not.toContain('sk-secret')
  })

  it.each([
    ['the TypeError of a fetch', new TypeError('Failed to fetch')],
    ['a code of the system', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['such a code down its causes', new TokenError('x', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) })],
    ['a code of undici', Object.assign(new Error('closed'), { code: 'UND_ERR_SOCKET' })],
  ])('%s is one, and is retried', async (_what, thrown) => {
    const mock = vi
      .fn<FetchFunction>()
      .mockRejectedValueOnce(thrown)
      .mockImplementation(async () => Response.json({ id: 'resp_1', object: 'response', status: 'completed' }))
    const fetch = createResilientFetch({ ...QUICK, transport: fetchTransport(mock) })
    expect((await fetch(ADDRESS, { method: 'POST', body: JSON_BODY })).status).toBe(200)
    expect(mock).toHaveBeenCalledTimes(2)
    await fetch.close()
  })
})
