import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'
import { collected, scenario } from './harness.ts'

const tenant = new AsyncLocalStorage<string>()
const ok = textStream({ text: 'hello there' })
const final = ok.at(-1)?.response as object
const params = { model: 'm', input: 'hi', background: true, store: true }

/** A client whose `headers()` reads the tenant of the moment. */
const world = (script: Parameters<typeof scenario>[0]) =>
  scenario(script, { headers: () => ({ 'x-tenant': tenant.getStore() ?? 'none' }) })

type World = ReturnType<typeof world>
const tenants = ({ transport }: World) =>
  transport.requests.map(({ method, headers }) => `${method} ${new Headers(invalid(headers)).get('x-tenant')}`)

describe('headers() of requests that continue a response runs in the context of the caller', () => {
  it('when a socket breaks the stream, and another caller reads it: POST and resume', async () => {
    const s = world(({ method, url }) => {
      if (method === 'POST') return [fake.bytes(toSSE(ok.slice(0, 5))), fake.reset()].flat()
      return [fake.respond(ok.slice(Number(new URL(url).searchParams.get('starting_after')) + 1))].flat()
    })
    const stream = tenant.run('a', () => s.responses.stream(params))
    const { events, error } = await tenant.run('b', () => collected(s, stream))
    expect(error).toBeUndefined()
    expect(events).toEqual(ok)
    expect(tenants(s)).toEqual(['POST a', 'GET a'])
    await s.nothingIsLeft()
  })

  it('when a timer polls the response', async () => {
    let polls = 0
    const s = world(({ method, url }) => {
      if (method === 'POST') return [fake.bytes(toSSE(ok.slice(0, 5))), fake.reset()].flat()
      if (url.includes('stream=true')) return [fake.status(404)].flat()
      return [fake.status(200, { body: ++polls < 3 ? { ...final, status: 'in_progress' } : final })].flat()
    })
    const stream = tenant.run('a', () => s.responses.stream(params))
    expect((await tenant.run('b', () => collected(s, stream))).error).toBeUndefined()
    expect(tenants(s)).toEqual(['POST a', 'GET a', 'GET a', 'GET a', 'GET a'])
    await s.nothingIsLeft()
  })

  it('of two concurrent callers, each in its context', async () => {
    const s = world(({ method, url, at }) => {
      if (method === 'POST') return [fake.bytes(toSSE(ok.slice(0, 5))), fake.delay(10), fake.reset()].flat()
      return [fake.respond(ok.slice(Number(new URL(url).searchParams.get('starting_after')) + 1 + 0 * at))].flat()
    })
    const streams = ['a', 'b', 'c'].map((name) => tenant.run(name, () => s.responses.stream(params)))
    for (const stream of streams) expect((await collected(s, stream)).events).toEqual(ok)
    expect(tenants(s).sort()).toEqual(['GET a', 'GET b', 'GET c', 'POST a', 'POST b', 'POST c'])
    await s.nothingIsLeft()
  })

  it('of resume()', async () => {
    const s = world([fake.respond(ok)])
    const stream = tenant.run('a', () => s.responses.resume('resp_test'))
    expect((await tenant.run('b', () => collected(s, stream))).events).toEqual(ok)
    expect(tenants(s)).toEqual(['GET a'])
    await s.nothingIsLeft()
  })
})
