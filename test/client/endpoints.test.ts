import { describe, expect, it } from 'vitest'
import {
  explain,
  findEndpoint,
  findResilientError,
  ResilientClient,
  type ResilientClientOptions,
  StateNotPortableError,
} from '../../src/index.ts'
import { type FakePlan, fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const A = 'https://a.test/v1'
const B = 'https://b.test/openai/v1'
const both = {
  endpoints: [
    { baseURL: A, headers: { authorization: 'Bearer a' } },
    { baseURL: B, headers: { 'api-key': 'b' } },
  ],
}

type Plan = Exclude<FakePlan, readonly unknown[]>

/** Endpoints that each have their own script. */
function at(scripts: { readonly a: Plan; readonly b: Plan }, options: ResilientClientOptions = {}) {
  const s = scenario((request) => scripts[new URL(request.url).host === 'a.test' ? 'a' : 'b'](request), {
    ...both,
    ...options,
  })
  return { ...s, where: () => s.transport.requests.map(({ url }) => new URL(url).host) }
}

const answering =
  (id: string): Plan =>
  () =>
    fake.respond(textStream({ id, text: id }))
const failing: Plan = () => fake.status(503)
const create = { model: 'm', input: 'hi' }

describe('several endpoints', () => {
  it('share the calls by weight', async () => {
    const s = at(
      { a: answering('resp_a'), b: answering('resp_b') },
      { endpoints: [{ baseURL: A, weight: 3 }, { baseURL: B }] },
    )
    for (let n = 0; n < 200; n++) await s.settle(s.client.responses.create(create))
    const share = s.where().filter((host) => host === 'a.test').length / 200
    expect(share).toBeGreaterThan(0.65)
    expect(share).toBeLessThan(0.85)
    await s.nothingIsLeft()
  })

  it('findEndpoint tells which one answered, of a result, a stream and a Response', async () => {
    const s = at({ a: failing, b: answering('resp_b') })
    for (let n = 0; n < 5; n++) {
      const { value } = await s.settle(s.client.responses.create(create))
      expect([findEndpoint(value), findEndpoint({ ...value })]).toEqual([B, undefined])
    }
    const stream = s.client.responses.stream(create)
    await s.settle(stream.finalResponse())
    expect(findEndpoint(stream)).toBe(B)
    const { value } = await s.settle(
      s.client.fetch(`${A}/responses`, { method: 'POST', body: JSON.stringify({ ...create, stream: true }) }),
    )
    await s.settle(readAll(value as Response))
    expect(findEndpoint(value)).toBe(B)
    expect(findEndpoint(new Error('other'))).toBeUndefined()
    await s.nothingIsLeft()
  })

  it('a call that fails at one goes to the other, at once, whatever wait the first one asked for', async () => {
    const busy: Plan = () => fake.status(429, { headers: { 'retry-after': '3600' } })
    for (const busyHost of ['a.test', 'b.test']) {
      const scripts = busyHost === 'a.test' ? { a: busy, b: answering('resp_b') } : { a: answering('resp_a'), b: busy }
      const s = at(scripts)
      for (let n = 0; n < 20; n++) expect((await s.settle(s.client.responses.create(create))).error).toBeUndefined()
      expect(s.clock.now()).toBeLessThan(1000)
      // It asked once, and is left alone for everybody.
      expect(s.where().filter((host) => host === busyHost).length).toBeLessThanOrEqual(1)
      await s.nothingIsLeft()
    }
  })

  it('one that fails three times in a row cools down; a single probe brings it back', async () => {
    let isDown = true
    const s = at({ a: (request) => (isDown ? failing(request) : answering('resp_a')(request)), b: answering('resp_b') })
    for (let n = 0; n < 40; n++) await s.settle(s.client.responses.create(create))
    expect(s.where().filter((host) => host === 'a.test')).toHaveLength(3)
    expect(s.events.filter(({ type }) => type === 'endpoint_cooled')).toMatchObject([{ endpoint: A, forMs: 5000 }])
    isDown = false
    await s.clock.advance(5000)
    for (let n = 0; n < 20; n++) await s.settle(s.client.responses.create(create))
    expect(s.where().slice(-20)).toContain('a.test')
    await s.nothingIsLeft()
  })

  it('if all fail, the call fails as with one, and the last never cools down', async () => {
    const s = at({ a: failing, b: failing })
    const { error } = await s.settle(s.client.responses.create(create))
    expect(error).toMatchObject({ code: 'http_status', giveUpReason: 'retries_exhausted' })
    expect(new Set(s.where())).toEqual(new Set(['a.test', 'b.test']))
    for (let n = 0; n < 5; n++) await s.settle(s.client.responses.create(create))
    expect(explain(error)).toMatch(/to https:\/\/(?:a\.test\/v1|b\.test\/openai\/v1)/)
    await s.nothingIsLeft()
  })

  it('each endpoint gets the query of its base address, never that of another', async () => {
    const stream = [fake.events(textStream({ id: 'resp_a', background: true }).slice(0, 5)), fake.reset()].flat()
    const s = scenario((request) => (request.method === 'POST' ? stream : fake.status(404)), {
      endpoints: [
        { baseURL: `${A}/?api-version=1&deployment=x` },
        { baseURL: `${B}?api-version=2` },
        { baseURL: 'https://c.test/v1' },
      ],
      endpointOf: (id) => `${id === 'resp_b' ? B : 'https://c.test/v1'}/?api-version=2`,
    })
    for (let n = 0; n < 12; n++) {
      await s.settle(s.client.responses.create(create))
      await s.settle(s.client.responses.resume('resp_b', { starting_after: 4 }).finalResponse())
      await s.settle(s.client.responses.retrieve('resp_c'))
    }
    expect(new Set(s.transport.requests.map(({ url }) => url))).toEqual(
      new Set([
        `${A}/responses?api-version=1&deployment=x`,
        `${B}/responses?api-version=2`,
        'https://c.test/v1/responses',
        `${B}/responses/resp_b?api-version=2&stream=true&starting_after=4`,
        `${B}/responses/resp_b?api-version=2`,
        'https://c.test/v1/responses/resp_c',
      ]),
    )
    await s.nothingIsLeft()
  })

  it('each gets its own headers, and none the credentials of another origin', async () => {
    const s = at({ a: answering('resp_a'), b: answering('resp_b') }, { apiKey: undefined })
    for (let n = 0; n < 12; n++) {
      const call = s.client.fetch(`${A}/responses`, {
        method: 'POST',
        headers: { authorization: 'Bearer caller', cookie: 'secret=1', 'openai-beta': 'kept', 'x-tenant': 'mine' },
        body: JSON.stringify({ ...create, stream: true }),
      })
      await s.settle(call.then(readAll))
    }
    for (const { url, headers } of s.transport.requests) {
      const sent = Object.fromEntries(headers)
      expect(sent['openai-beta']).toBe('kept')
      if (url.startsWith(A))
        expect(sent).toMatchObject({ authorization: 'Bearer a', cookie: 'secret=1', 'x-tenant': 'mine' })
      else {
        expect(url).toBe(`${B}/responses`)
        expect(sent).toMatchObject({ 'api-key': 'b' })
        expect(sent).not.toHaveProperty('authorization')
        expect(sent).not.toHaveProperty('cookie')
        expect(sent).not.toHaveProperty('x-tenant')
      }
    }
    expect(new Set(s.where()).size).toBe(2)
    await s.nothingIsLeft()
  })

  it('apiKey goes to the first alone', async () => {
    const s = at(
      { a: answering('resp_a'), b: answering('resp_b') },
      { apiKey: 'sk-mine', endpoints: [{ baseURL: A }, { baseURL: B, headers: {} }] },
    )
    for (let n = 0; n < 12; n++) await s.settle(s.client.responses.create(create))
    for (const { url, headers } of s.transport.requests) {
      expect(Object.fromEntries(headers).authorization).toBe(url.startsWith(A) ? 'Bearer sk-mine' : undefined)
    }
    await s.nothingIsLeft()
  })

  it('an address below none of them goes where it leads', async () => {
    const s = at({ a: answering('resp_a'), b: answering('resp_b') })
    await s.settle(s.client.fetch('https://b.test/elsewhere', { method: 'GET' }).then(readAll))
    expect(s.transport.requests[0]?.url).toBe('https://b.test/elsewhere')
    expect(Object.fromEntries(s.transport.requests[0]?.headers ?? [])).not.toHaveProperty('api-key')
    await s.nothingIsLeft()
  })
})

describe('a call that continues a response', () => {
  it('stays where that one was made, also when it fails there', async () => {
    let id = 0
    let isDown = false
    const make =
      (host: string): Plan =>
      (request) =>
        isDown && request.text.includes('previous_response_id')
          ? fake.status(503)
          : answering(`resp_${host}_${++id}`)(request)
    const s = at({ a: make('a'), b: make('b') })
    for (let n = 0; n < 10; n++) {
      const { value } = await s.settle(s.client.responses.create(create))
      const before = s.transport.requests.length
      isDown = n % 2 === 1
      await s.settle(s.client.responses.create({ ...create, previous_response_id: value?.id ?? '' }))
      isDown = false
      const home = value?.id?.split('_')[1]
      expect(new Set(s.where().slice(before))).toEqual(new Set([`${home}.test`]))
    }
    expect(new Set(s.where()).size).toBe(2)
    await s.nothingIsLeft()
  })

  it('goes where endpointOf says', async () => {
    const s = at(
      { a: answering('resp_1'), b: answering('resp_x') },
      { endpointOf: (id) => (id === 'resp_x' ? B : undefined) },
    )
    await s.settle(s.client.responses.create({ ...create, previous_response_id: 'resp_x' }))
    await s.settle(s.client.responses.retrieve('resp_x').catch(() => {}))
    expect(s.where()).toEqual(['b.test', 'b.test'])
    await s.clock.advance(200)
  })

  it('is refused if the owner is not known, before anything is sent', async () => {
    const s = at({ a: answering('resp_1'), b: answering('resp_2') })
    const { error } = await s.settle(s.client.responses.create({ ...create, previous_response_id: 'resp_x' }))
    expect(error).toBeInstanceOf(StateNotPortableError)
    expect(error).toMatchObject({ code: 'state_not_portable', retryable: false, attempts: [] })
    expect((error as Error).message).toContain('endpointOf')
    const dropIn = s.client.fetch(`${A}/responses`, {
      method: 'POST',
      body: JSON.stringify({ ...create, stream: true, previous_response_id: 'resp_x' }),
    })
    expect(findResilientError((await s.settle(dropIn)).error)).toMatchObject({ code: 'state_not_portable' })
    expect(s.transport.requests).toHaveLength(0)
    await s.nothingIsLeft()
  })

  it('may be rebuilt, and then goes anywhere', async () => {
    const reasons: string[] = []
    const s = at(
      { a: answering('resp_1'), b: answering('resp_2') },
      {
        onPreviousResponseNotFound: ({ reason, request }) => {
          reasons.push(reason)
          return { ...request.body, previous_response_id: undefined, input: 'everything' }
        },
      },
    )
    const { error } = await s.settle(s.client.responses.create({ ...create, previous_response_id: 'resp_x' }))
    expect(error).toBeUndefined()
    expect(reasons).toEqual(['state_not_portable'])
    expect(s.transport.requests.map(({ text }) => text.includes('everything'))).toEqual([true])
    await s.nothingIsLeft()
  })

  it('with one endpoint needs no owner', async () => {
    const s = at({ a: answering('resp_1'), b: failing }, { endpoints: [{ baseURL: A }] })
    expect(
      (await s.settle(s.client.responses.create({ ...create, previous_response_id: 'resp_x' }))).error,
    ).toBeUndefined()
    await s.nothingIsLeft()
  })
})

it.each([
  [{ endpoints: [] }, 'endpoints'],
  [{ endpoints: [{ baseURL: 'ftp://x' }] }, 'endpoints.0.baseURL'],
  [{ endpoints: [{ baseURL: A }, { baseURL: `${A}/` }] }, 'endpoints.1.baseURL'],
  [{ endpoints: [{ baseURL: A, weight: 0 }] }, 'endpoints.0.weight'],
  [{ endpoints: [{ baseURL: A, headers: { 'x-a': 'a\nb' } }] }, "endpoints.0.headers['x-a']"],
  [{ endpoints: [{ baseURL: A, forwardHeaders: ['x y'] }] }, 'endpoints.0.forwardHeaders[a name of 3 characters]'],
  [{ endpoints: [{ baseURL: A, forwardHeaders: 'x-a' }] }, 'endpoints.0.forwardHeaders'],
  [{ apiKey: 'sk', endpoints: [{ baseURL: A }, { baseURL: B }] }, 'endpoints.1.headers'],
  [{ apiKey: 'sk', endpoints: [{ baseURL: A }, { baseURL: B, headers: { accept: '*/*' } }] }, 'endpoints.1.headers'],
  [{ endpoints: [{ baseURL: A }], baseURL: B }, 'baseURL'],
  [{ endpointOf: () => undefined }, 'endpointOf'],
])('%j is refused, by its path', (options, path) => {
  expect(() => new ResilientClient(options as ResilientClientOptions)).toThrow(
    expect.objectContaining({ code: 'invalid_configuration', path }),
  )
})
