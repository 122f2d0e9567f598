import { describe, expect, it, vi } from 'vitest'
import { createResilientFetch, type FetchFunction, fetchTransport, ResilientClient } from '../../src/index.ts'
import { beyondTheStandard } from '../support/typed.ts'
import { turns } from '../support/until.ts'
import { answer, fieldServer, jsonAnswer } from './support/field-server.ts'
import { ASKED, QUICK, withClient } from './support/play.ts'

const OK = jsonAnswer(200, { id: 'resp_1', object: 'response' })
const reason = new RangeError('enough')

/** A stream that gives one chunk and then nothing more; whether its source was told that it is not wanted. */
function stalled(): { readonly body: ReadableStream<Uint8Array>; readonly told: ReturnType<typeof vi.fn> } {
  const told = vi.fn()
  const body = new ReadableStream<Uint8Array>({ start: (source) => source.enqueue(Buffer.from('one')), cancel: told })
  return { body, told }
}

const streaming = (body: ReadableStream | AsyncIterable<Uint8Array>): RequestInit =>
  beyondTheStandard<RequestInit>({ method: 'POST', body, duplex: 'half' })

describe('an abort while the body of a Request is read', () => {
  it('ends the call at once, cancels the source, and sends nothing', async () => {
    await using server = await fieldServer([OK])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const { body, told } = stalled()
      const controller = new AbortController()
      const request = new Request(`${server.baseURL}/files`, { ...streaming(body), signal: controller.signal })
      const called = client.fetch(request)
      called.catch(() => {})
      await turns()
      expect(client.stats().activeCalls).toBe(1)
      controller.abort(reason)
      await expect(called).rejects.toBe(reason)
      expect(told).toHaveBeenCalledTimes(1)
    })
    expect(server.requests).toEqual([])
  })

  it('close() waits for it, and destroy() ends it', async () => {
    await using server = await fieldServer([OK])
    const client = new ResilientClient({ ...QUICK })
    const { body } = stalled()
    const called = client.fetch(new Request(`${server.baseURL}/files`, streaming(body)))
    called.catch(() => {})
    let closed = false
    const closing = client.close().then(() => {
      closed = true
    })
    await turns()
    expect(closed).toBe(false)
    await client.destroy()
    await expect(called).rejects.toMatchObject({ code: 'client_closed' })
    await closing
    expect(server.requests).toEqual([])
  })
})

it('a call that is refused before it begins no longer counts as active', async () => {
  const client = new ResilientClient()
  const broken = beyondTheStandard<RequestInit>({ method: 'POST', body: ReadableStream.from(['a']), duplex: 'full' })
  await expect(client.fetch('http://127.0.0.1:9/', broken)).rejects.toThrow(TypeError)
  await expect(client.fetch('ftp://127.0.0.1/')).rejects.toThrow(TypeError)
  expect(client.stats().activeCalls).toBe(0)
  await client.close()
})

describe('a stream whose call is aborted', () => {
  it.each(['a stream', 'an async iterable', 'a Request'])(
    'before the call, as %s: cancels its source',
    async (what) => {
      const { body, told } = stalled()
      const returned = vi.fn(async () => ({ done: true as const, value: undefined }))
      const iterable = {
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), return: returned }),
      }
      const signal = AbortSignal.abort(reason)
      const fetch = createResilientFetch()
      const address = 'http://127.0.0.1:9/'
      const init = { ...streaming(what === 'an async iterable' ? iterable : body), signal }
      const called = what === 'a Request' ? fetch(new Request(address, init)) : fetch(address, init)
      await expect(called).rejects.toBe(reason)
      await turns()
      expect(what === 'an async iterable' ? returned : told).toHaveBeenCalledTimes(1)
      await fetch.close()
    },
  )

  it('while a connection is being made: cancels its source, although nothing was read', async () => {
    const { body, told } = stalled()
    const controller = new AbortController()
    const transport = fetchTransport(() => new Promise<never>(() => {}))
    const fetch = createResilientFetch({ transport })
    const called = fetch('https://api.test/files', { ...streaming(body), signal: controller.signal })
    called.catch(() => {})
    await turns()
    controller.abort(reason)
    await expect(called).rejects.toBe(reason)
    expect(told).toHaveBeenCalledTimes(1)
    await fetch.close()
  })
})

it('a detached buffer, or a view of one, is an empty body', async () => {
  await using server = await fieldServer([OK])
  await withClient({ baseURL: server.baseURL }, async (client) => {
    for (const body of [new ArrayBuffer(8), new Uint8Array(8)]) {
      structuredClone(body, { transfer: [body instanceof Uint8Array ? body.buffer : body] })
      expect((await client.fetch(`${server.baseURL}/files`, { method: 'POST', body })).status).toBe(200)
    }
  })
  expect(server.requests.map(({ body }) => body.length)).toEqual([0, 0])
})

describe('a wrapped fetch that answers before it has read its stream', () => {
  it('reads the rest of it afterwards, if the answer is handed over unchanged', async () => {
    let late: Promise<string> | undefined
    const mock: FetchFunction = async (_input, init) => {
      late = turns(5).then(() => new Response(init?.body).text())
      return Response.json({})
    }
    const fetch = createResilientFetch({ transport: fetchTransport(mock) })
    const body = ReadableStream.from([Buffer.from('one'), Buffer.from('two')])
    await (await fetch('https://api.test/v1/files', streaming(body))).json()
    expect(await late).toBe('onetwo')
    await fetch.close()
  })

  it('cannot read further after the exchange, because an end would look like the end of the whole', async () => {
    let body: ReadableStream | undefined
    const mock: FetchFunction = async (_input, init) => {
      body = init?.body as ReadableStream
      return Response.json({ id: 'resp_1' })
    }
    const fetch = createResilientFetch({ transport: fetchTransport(mock) })
    const given = stalled()
    // A Responses call: its answer is read here.
    await (await fetch('https://api.test/v1/responses', streaming(given.body))).json()
    await turns()
    await expect(new Response(body).text()).rejects.toThrow('the exchange ended before the request body was read')
    await fetch.close()
  })
})

describe('the address', () => {
  it.each(['/echo?', '/echo?#part', '/echo?a=b', '/echo#a?', '/echo', '/?'])(
    '%s is sent as the built-in fetch sends it',
    async (path) => {
      await using server = await fieldServer([answer(200, 'ok')])
      const { url } = server.server
      await (await globalThis.fetch(url + path)).text()
      await withClient({}, async (client) => (await client.fetch(url + path)).text())
      const [theirs, ours] = server.requests
      expect(ours?.path).toBe(theirs?.path)
    },
  )
})

describe('an abort after the head, before the body is read', () => {
  const JSON_CALL = { method: 'POST', body: JSON.stringify(ASKED) }
  const built = (input: string | URL | Request, init?: RequestInit) => globalThis.fetch(input, init)

  it.each([
    ['the default transport', {}],
    ['fetchTransport', { transport: fetchTransport(built) }],
    ['upgradeToStream', { upgradeToStream: true }],
  ])('over %s, text() rejects with the reason, and nothing stays on the signal', async (_what, options) => {
    await using server = await fieldServer([OK])
    const client = new ResilientClient({ ...QUICK, ...options })
    for (const [path, init] of [
      ['/responses', JSON_CALL],
      ['/models', {}],
    ] as const) {
      const controller = new AbortController()
      const response = await client.fetch(server.baseURL + path, { ...init, signal: controller.signal })
      // All of the answer has come in by now.
      await turns(10)
      controller.abort(reason)
      await expect(response.text()).rejects.toBe(reason)
    }
    await client.close()
    expect(client.stats().activeCalls).toBe(0)
  })

  it('an abort after the body was read changes nothing', async () => {
    await using server = await fieldServer([OK])
    await withClient({}, async (client) => {
      const controller = new AbortController()
      const response = await client.fetch(`${server.baseURL}/responses`, { ...JSON_CALL, signal: controller.signal })
      const text = await response.text()
      controller.abort(reason)
      expect(JSON.parse(text)).toMatchObject({ id: 'resp_1' })
    })
  })
})
