import { describe, expect, it } from 'vitest'
import { fake, textStream } from '../../src/testing/index.ts'
import { answers, CREATE, refusing, rig } from './support/rig.ts'

describe('a pushback that one process is told', () => {
  it('holds the calls of all others from then on, and they begin with jitter', async () => {
    const r = rig(4, refusing(1, 3))
    const first = r.calls(0, 1)
    await r.clock.advance(100)
    const others = [1, 2, 3].map((index) => r.calls(index, 10))
    await r.clock.advance(2800)
    expect(r.sent).toHaveLength(1)
    await r.clock.advance(1000)
    await Promise.all([first, ...others])
    const later = r.sent.slice(1).map(({ at }) => at)
    expect(later).toHaveLength(31)
    expect(Math.min(...later)).toBeGreaterThanOrEqual(3000)
    expect(Math.max(...later)).toBeLessThanOrEqual(3400)
    expect(new Set(later).size).toBeGreaterThan(20)
    await r.end()
  })

  it('reaches those that listen with the next message of the store, and their waiting calls say why they wait', async () => {
    const r = rig(2, refusing(1, 3, answers(0), 'm'))
    void r.calls(1, 1, { model: 'warm-up' })
    await r.clock.advance(1000)
    r.at(0).path.ms = 10
    r.at(1).path.ms = 10
    const calls = [r.calls(0, 1)]
    await r.clock.advance(60)
    calls.push(r.calls(1, 1))
    await r.clock.advance(4000)
    await Promise.all(calls)
    const queue = r.at(1).events.filter(({ type }) => type.startsWith('queue_'))
    expect(queue).toMatchObject([
      { type: 'queue_start', reason: 'pushback' },
      { type: 'queue_end', outcome: 'admitted' },
    ])
    await r.end()
  })

  it('is known to a process that starts later, before its first call', async () => {
    const r = rig(1, refusing(1, 5))
    const first = r.calls(0, 1)
    await r.clock.advance(1000)
    r.add()
    const second = r.calls(1, 1)
    await r.clock.advance(3900)
    expect(r.sentBy(1)).toEqual([])
    await r.clock.advance(1500)
    await Promise.all([first, second])
    expect(r.sentBy(1)).toHaveLength(1)
    await r.end()
  })

  it('holds no other model, no other account, and no passthrough call', async () => {
    const r = rig(3, refusing(1, 3), { ofProcess: (index) => (index === 2 ? { apiKey: 'sk-another' } : {}) })
    const calls = [r.calls(0, 1)]
    await r.clock.advance(100)
    calls.push(r.calls(1, 1, { model: 'another' }), r.calls(2, 1))
    const passthrough = r.at(1).client.fetch('https://api.test/v1/embeddings', {
      method: 'POST',
      body: JSON.stringify({ model: 'm', input: 'x' }),
    })
    await r.clock.advance(100)
    expect(r.sentBy(1)).toHaveLength(2)
    expect(r.sentBy(2)).toHaveLength(1)
    void (await passthrough).body?.cancel()
    await r.clock.advance(4000)
    await Promise.all(calls)
    await r.end()
  })

  it('of a caller that gives another key holds the calls with that key alone', async () => {
    const r = rig(2, refusing(1, 3))
    const post = (index: number, key: string): Promise<Response> =>
      r.at(index).client.fetch('https://api.test/v1/responses', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ ...CREATE, stream: false }),
      })
    const calls = [post(0, 'sk-one')]
    await r.clock.advance(100)
    calls.push(post(1, 'sk-one'), post(1, 'sk-two'))
    await r.clock.advance(100)
    expect(r.sentBy(1)).toHaveLength(1)
    await r.clock.advance(4000)
    for (const response of await Promise.all(calls)) await response.text()
    await r.end()
  })

  it('holds no call that has no time to wait, or whose maxHintMs is shorter: it is sent, and hears for itself', async () => {
    const r = rig(3, refusing(1, 3), {
      ofProcess: (index) =>
        index === 1 ? { timeouts: { totalMs: 2000 } } : index === 2 ? { retry: { maxHintMs: 1000 } } : {},
    })
    const calls = [r.calls(0, 1)]
    await r.clock.advance(100)
    calls.push(r.calls(1, 1), r.calls(2, 1))
    await r.clock.advance(200)
    expect([r.sentBy(1).length, r.sentBy(2).length]).toEqual([1, 1])
    await r.clock.advance(4000)
    await Promise.all(calls)
    await r.end()
  })

  it('lengthens the wait of a retry that would come back earlier', async () => {
    let refused = 0
    const r = rig(2, () => {
      if (refused++ === 0) return fake.status(503)
      return refused === 2
        ? fake.status(429, { headers: { 'retry-after': '5' } })
        : fake.respond(textStream({ text: 'hello' }))
    })
    const calls = [r.calls(0, 1)]
    await r.clock.advance(1)
    calls.push(r.calls(1, 1))
    await r.clock.advance(4900)
    expect(r.sent).toHaveLength(2)
    await r.clock.advance(1000)
    await Promise.all(calls)
    await r.end()
  })

  it('above a minute is not shared: calls with such a hint fail at once, in every process', async () => {
    const r = rig(2, refusing(1, 3600))
    const first = r.calls(0, 1)
    await r.clock.advance(100)
    const second = r.calls(1, 1)
    await r.clock.advance(100)
    expect((await first)[0]).toMatchObject({ giveUpReason: 'hint_too_long' })
    expect((await second)[0]).toBe(100)
    await r.end()
  })

  it('stays true when the store has lost everything: whoever knows it tells it again', async () => {
    const r = rig(2, refusing(1, 20))
    const calls = [r.calls(0, 1)]
    await r.clock.advance(500)
    r.server.flush()
    await r.clock.advance(5000)
    r.add()
    calls.push(r.calls(2, 1))
    await r.clock.advance(10_000)
    expect(r.sent).toHaveLength(1)
    await r.clock.advance(8000)
    await Promise.all(calls)
    await r.end()
  })

  it('that waited in a frozen store until it was over holds no call', async () => {
    const r = rig(2, refusing(1, 3, answers(0), 'm'))
    void r.calls(1, 1, { model: 'warm-up' })
    void r.calls(0, 1, { model: 'warm-up-2' })
    await r.clock.advance(4000)
    r.server.freeze()
    const calls = [r.calls(0, 1)]
    await r.clock.advance(20_000)
    r.server.thaw()
    const from = r.clock.now()
    calls.push(r.calls(1, 1))
    await r.clock.advance(1000)
    await Promise.all(calls)
    expect((await calls[1])?.[0]).toBeLessThanOrEqual(from + 60)
    await r.end()
  })
})

describe('several endpoints', () => {
  const endpoints = [
    { baseURL: 'https://a.test/v1', headers: { authorization: 'Bearer a' } },
    { baseURL: 'https://b.test/v1', headers: { authorization: 'Bearer b' } },
  ]
  const hosts = (transport: { requests: ReadonlyArray<{ url: string }> }): string[] =>
    transport.requests.map(({ url }) => new URL(url).host)

  it('one that cools down for one process cools down for all', async () => {
    const r = rig(2, (request) => (request.url.startsWith('https://a.test') ? fake.status(503) : answers(0)(request)), {
      baseURL: undefined,
      apiKey: undefined,
      endpoints,
    })
    const warm = r.calls(1, 1)
    await r.clock.advance(1000)
    await warm
    const before = hosts(r.at(1).transport).length
    for (let n = 0; n < 12; n++) {
      const call = r.calls(0, 1)
      await r.clock.advance(300)
      await call
    }
    expect(r.at(0).events.filter(({ type }) => type === 'endpoint_cooled')).toHaveLength(1)
    const call = r.calls(1, 20)
    await r.clock.advance(10)
    await call
    expect(hosts(r.at(1).transport).slice(before)).toEqual(Array(20).fill('b.test'))
    await r.end()
  })

  it('a response made through one process is continued and read through another, at the endpoint that has it', async () => {
    const r = rig(2, (request) => fake.respond(textStream({ id: `resp_${new URL(request.url).host}`, text: 'x' })), {
      baseURL: undefined,
      apiKey: undefined,
      endpoints,
    })
    const made = r.at(0).client.responses.create(CREATE)
    await r.clock.advance(100)
    const { id } = await made
    const host = id.slice('resp_'.length)
    for (let n = 0; n < 5; n++) {
      r.add()
      const { client, transport } = r.at(2 + n)
      const continued = client.responses.create({ ...CREATE, previous_response_id: id })
      await r.clock.advance(100)
      await continued
      expect(hosts(transport)).toEqual([host])
    }
    expect(r.server.keys().filter((key) => key.includes(':owner:'))[0]).not.toContain(id)
    await r.end()
  })

  it('no owner is kept of a response that the endpoint does not store', async () => {
    const r = rig(1, () => fake.respond(textStream({ id: 'resp_1', text: 'x' })), {
      baseURL: undefined,
      apiKey: undefined,
      endpoints,
    })
    const made = r.at(0).client.responses.create({ ...CREATE, store: false })
    await r.clock.advance(100)
    await made
    expect(r.server.keys().filter((key) => key.includes(':owner:'))).toEqual([])
    await r.end()
  })
})
