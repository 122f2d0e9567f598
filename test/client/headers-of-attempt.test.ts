import { AsyncLocalStorage } from 'node:async_hooks'
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { HeadersContext, ResilientClientOptions } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const OPTIONS: ResilientClientOptions = { baseURL: 'https://api.test/v1' }
const tenant = new AsyncLocalStorage<string>()
const sent = (request: { headers: ReadonlyArray<readonly [string, string]> }) => Object.fromEntries(request.headers)

describe('a refresh is for one credential', () => {
  it('while that of tenant A is renewed, B and C are sent with their own, and A is not held up by them', async () => {
    let giveA: (token: string) => void = () => {}
    const tokens: Record<string, string | Promise<string>> = { a: 'a-old', b: 'b-1', c: 'c-1' }
    const asked: string[] = []
    const headers = async ({ refresh }: HeadersContext) => {
      const name = tenant.getStore() ?? 'none'
      asked.push(`${name}${refresh ? '!' : ''}`)
      if (refresh)
        tokens[name] = new Promise<string>((resolve) => {
          giveA = resolve
        })
      return { authorization: `Bearer ${await tokens[name]}`, 'x-tenant': name }
    }
    const s = scenario(
      (request) =>
        sent(request).authorization === 'Bearer a-old' ? fake.status(401) : fake.respond(textStream({ text: 'x' })),
      { ...OPTIONS, headers },
    )
    const call = (name: string) => tenant.run(name, () => s.post().then(readAll))
    const a = call('a')
    await s.clock.settle()
    expect(asked).toEqual(['a', 'a!'])
    for (const name of ['b', 'c']) expect((await s.settle(call(name))).error).toBeUndefined()
    expect(s.transport.requests.slice(1).map((request) => sent(request)['x-tenant'])).toEqual(['b', 'c'])
    expect(s.transport.requests.slice(1).map((request) => sent(request).authorization)).toEqual([
      'Bearer b-1',
      'Bearer c-1',
    ])
    giveA('a-new')
    await s.settle(a)
    expect(sent(s.transport.requests.at(-1) ?? { headers: [] })).toMatchObject({
      authorization: 'Bearer a-new',
      'x-tenant': 'a',
    })
    await s.nothingIsLeft()
  })

  it('calls that were refused with the same one share it, also of a function that stores nothing', async () => {
    for (const stores of [true, false]) {
      let token = 'old'
      let refreshes = 0
      const headers = async ({ refresh }: HeadersContext) => {
        if (refresh) {
          refreshes++
          await Promise.resolve()
          if (stores) token = 'new'
        }
        return { authorization: `Bearer ${refresh ? 'new' : token}` }
      }
      const s = scenario(
        (request) =>
          sent(request).authorization === 'Bearer old' ? fake.status(401) : fake.respond(textStream({ text: 'x' })),
        { ...OPTIONS, headers },
      )
      const all = await s.settle(Promise.all(Array.from({ length: 20 }, () => s.post().then(readAll))))
      expect([all.error, s.transport.requests.length]).toEqual([undefined, 40])
      // Where nothing is stored, whoever is refused after the refresh has ended has to ask again.
      if (stores) expect(refreshes).toBe(1)
      await s.nothingIsLeft()
    }
  })

  it('a call that is aborted does not take the refresh from the others', async () => {
    let give: () => void = () => {}
    let aborted = 0
    const headers = async ({ refresh, signal }: HeadersContext) => {
      if (!refresh) return { authorization: 'Bearer old' }
      signal.addEventListener('abort', () => aborted++)
      await new Promise<void>((resolve) => {
        give = resolve
      })
      return { authorization: 'Bearer new' }
    }
    const s = scenario(
      (request) =>
        sent(request).authorization === 'Bearer old' ? fake.status(401) : fake.respond(textStream({ text: 'x' })),
      { ...OPTIONS, headers },
    )
    const first = new AbortController()
    const one = s.post({}, { signal: first.signal })
    const two = s.post().then(readAll)
    await s.clock.settle()
    first.abort(new Error('enough'))
    await expect(one).rejects.toThrow('enough')
    expect(aborted).toBe(0)
    give()
    expect((await s.settle(two)).error).toBeUndefined()
    const last = new AbortController()
    const three = s.post({}, { signal: last.signal })
    await s.clock.settle()
    last.abort(new Error('enough'))
    await expect(three).rejects.toThrow('enough')
    await s.nothingIsLeft()
  })
})

describe('headers()', () => {
  it('is told of each attempt, and signs each, asynchronously: as docs/client.md shows', async () => {
    const told: HeadersContext[] = []
    const sign = async (text: string, body: Uint8Array | undefined) =>
      createHmac('sha256', 'k')
        .update(text)
        .update(body ?? '')
        .digest('hex')
    const headers = async (context: HeadersContext) => {
      told.push(context)
      const { method, url, body, attempt } = context
      return { authorization: `Signature ${await sign(`${method} ${url} ${attempt}`, body)}` }
    }
    const s = scenario([fake.status(503), fake.respond(textStream({ text: 'x' }))], { ...OPTIONS, headers })
    await s.settle(s.post().then(readAll))
    const { callId } = s.events.find(({ type }) => type === 'call_start') as { callId: number }
    for (const [n, request] of s.transport.requests.entries()) {
      expect(told[n]).toMatchObject({
        url: 'https://api.test/v1/responses',
        method: 'POST',
        callId,
        attempt: n + 1,
        refresh: false,
      })
      expect(sent(request).authorization).toBe(
        `Signature ${await sign(`POST https://api.test/v1/responses ${n + 1}`, Buffer.from(request.text))}`,
      )
    }
    expect(told).toHaveLength(2)
    await s.nothingIsLeft()
  })

  it('is asked in the context of its caller, also for a hedge, which a timer begins', async () => {
    const seen: (string | undefined)[] = []
    const headers = () => {
      seen.push(tenant.getStore())
      return { authorization: 'Bearer x' }
    }
    const s = scenario([fake.stall(), fake.respond(textStream({ text: 'x' }))], { ...OPTIONS, headers, hedge: true })
    const call = tenant.run('a', () => s.post().then(readAll))
    await tenant.run('b', () => s.settle(call))
    expect(seen).toEqual(['a', 'a'])
    await s.nothingIsLeft()
  })

  it('aborts its signal when no attempt waits for it any more', async () => {
    const reasons: unknown[] = []
    const headers = ({ signal }: HeadersContext) =>
      new Promise<Record<string, string>>((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason)
          reject(signal.reason)
        })
      })
    const s = scenario([], { ...OPTIONS, headers })
    const call = s.post()
    await s.clock.settle()
    s.controller.abort('enough')
    await expect(call).rejects.toBe('enough')
    expect(reasons).toEqual(['enough'])
    await s.nothingIsLeft()
  })

  it('is told the address of the endpoint that an attempt goes to', async () => {
    const urls: string[] = []
    const endpoints = [
      { baseURL: 'https://api.test/v1' },
      { baseURL: 'https://b.test/v2?v=1', forwardHeaders: ['authorization'] },
    ]
    const headers = ({ url }: HeadersContext) => {
      urls.push(url)
      return { authorization: `for ${url}` }
    }
    const s = scenario(() => fake.status(503), { endpoints, headers })
    await s.settle(s.post())
    expect(new Set(urls)).toEqual(new Set(['https://api.test/v1/responses', 'https://b.test/v2/responses?v=1']))
    for (const request of s.transport.requests) expect(sent(request).authorization).toBe(`for ${request.url}`)
    await s.nothingIsLeft()
  })
})
