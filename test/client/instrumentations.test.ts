import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it, vi } from 'vitest'
import { InstrumentedHeaders, instrumentationsOf } from '../../src/client/instrumentation.ts'
import { AbortScope } from '../../src/core/abort.ts'
import {
  ConfigurationError,
  createResilientFetch,
  type FetchFunction,
  fetchTransport,
  type HeadersContext,
  type Instrumentation,
  ResilientClient,
  type ResilientClientOptions,
  type TelemetryEvent,
  type TelemetryEventType,
} from '../../src/index.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import { type FakeTransport, fake, textStream, VirtualClock } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'
import { readAll, scenario } from './harness.ts'

const OPTIONS: ResilientClientOptions = { baseURL: 'https://api.test/v1' }
const NO_BODY = { kind: 'none' } as const
const ok = fake.respond(textStream({ text: 'x' }))
const sent = (request: { headers: ReadonlyArray<readonly [string, string]> } | undefined) =>
  Object.fromEntries(request?.headers ?? [])
const traced: Instrumentation = { headers: ({ callId, attempt }) => ({ traceparent: `${callId > 0}-${attempt}` }) }

describe('the events of instrumentations', () => {
  it('are told to each, after onEvent and in their order, whatever one of them throws', async () => {
    const heard: string[] = []
    const listener = (name: string, fails = false): Instrumentation => ({
      onEvent: ({ type }) => {
        heard.push(`${name} ${type}`)
        if (fails) throw new Error('listener')
      },
    })
    const s = scenario([ok], {
      ...OPTIONS,
      onEvent: ({ type }) => heard.push(`onEvent ${type}`),
      instrumentations: [listener('a', true), listener('b')],
    })
    expect((await s.settle(s.post().then(readAll))).error).toBeUndefined()
    const types = heard.flatMap((line) => (line.startsWith('onEvent ') ? [line.slice(8)] : []))
    expect(types).toContain('call_end')
    expect(heard).toEqual(types.flatMap((type) => ['onEvent', 'a', 'b'].map((name) => `${name} ${type}`)))
  })

  it('are told with the instrumentation as `this`: an instance of a class is one', async () => {
    class Recorder {
      readonly types: string[] = []
      onEvent({ type }: TelemetryEvent): void {
        this.types.push(type)
      }
      headers(): Record<string, string> {
        return { 'x-recorded': String(this.types.includes('call_start')) }
      }
    }
    const recorder = new Recorder()
    const s = scenario([ok], { ...OPTIONS, instrumentations: [recorder] })
    await s.settle(s.post().then(readAll))
    expect(recorder.types.at(-1)).toBe('call_end')
    expect(sent(s.transport.requests[0])['x-recorded']).toBe('true')
    await s.nothingIsLeft()
  })

  it('are inherited by a view, and replaced where it has its own', async () => {
    const heard: string[] = []
    const named = (name: string): Instrumentation => ({
      onEvent: ({ type }) => type === 'call_start' && heard.push(name),
      headers: () => ({ 'x-by': name }),
    })
    const s = scenario(() => ok, { ...OPTIONS, instrumentations: [named('client')] })
    for (const options of [{ maxRetries: 1 }, { instrumentations: [named('view')] }, { instrumentations: [] }]) {
      const view = s.client.withOptions(options)
      await s.settle(view.responses.create({ model: 'm' }))
    }
    expect(heard).toEqual(['client', 'view'])
    expect(s.transport.requests.map((request) => sent(request)['x-by'])).toEqual(['client', 'view', undefined])
    await s.nothingIsLeft()
  })

  it('are told of the types that an instrumentation names alone, and all to one that names none', async () => {
    const some: string[] = []
    const all: string[] = []
    const eventTypes: TelemetryEventType[] = ['call_end', 'attempt_headers']
    const s = scenario([ok], {
      ...OPTIONS,
      instrumentations: [
        { eventTypes, onEvent: ({ type }) => some.push(type) },
        { onEvent: ({ type }) => all.push(type) },
      ],
    })
    // The list is copied when the client is made.
    eventTypes.push('call_start')
    await s.settle(s.post().then(readAll))
    expect(some).toEqual(['attempt_headers', 'call_end'])
    expect(all).toEqual(expect.arrayContaining(['call_start', ...some]))
    await s.nothingIsLeft()
  })

  it('are not made while no instrumentation listens', () => {
    const emitter = new TelemetryEmitter(undefined, ...instrumentationsOf([traced]).map(({ telemetry }) => telemetry))
    expect(emitter.wants('call_start')).toBe(false)
    expect(new TelemetryEmitter(undefined, () => {}).wants('call_start')).toBe(true)
  })
})

describe('the headers of instrumentations', () => {
  it('are asked for every attempt, through both faces, with what the option `headers` is told', async () => {
    const told: HeadersContext[][] = [[], []]
    const telling = (to: HeadersContext[]) => (context: HeadersContext) => {
      to.push({ ...context, signal: context.signal })
      return {}
    }
    const s = scenario([fake.status(503), ok, fake.status(503), ok], {
      ...OPTIONS,
      headers: telling(told[0] as HeadersContext[]),
      instrumentations: [{ headers: telling(told[1] as HeadersContext[]) }, traced],
    })
    await s.settle(s.post().then(readAll))
    await s.settle(s.client.responses.create({ model: 'm', input: 'hi' }))
    const facts = (list: HeadersContext[] | undefined) => list?.map(({ signal: _, ...rest }) => rest)
    expect(facts(told[1])).toEqual(facts(told[0]))
    expect(told[1]?.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 2])
    expect(told[1]?.[0]?.body).toBeInstanceOf(Uint8Array)
    expect(s.transport.requests.map((request) => sent(request).traceparent)).toEqual([
      'true-1',
      'true-2',
      'true-1',
      'true-2',
    ])
    await s.nothingIsLeft()
  })

  it('are asked in the context of the caller, for a retry and for a hedge too', async () => {
    const trace = new AsyncLocalStorage<string>()
    const instrumentations: Instrumentation[] = [
      { headers: async ({ attempt }) => ({ traceparent: `${trace.getStore()}-${attempt}` }) },
    ]
    const s = scenario([fake.stall(), fake.status(503), ok], { ...OPTIONS, instrumentations, hedge: { afterMs: 1000 } })
    const call = trace.run('a', () => s.post().then(readAll))
    await trace.run('b', () => s.settle(call))
    expect(new Set(s.transport.requests.map((request) => sent(request).traceparent?.slice(0, 2)))).toEqual(
      new Set(['a-']),
    )
    expect(s.transport.requests.length).toBeGreaterThan(1)
  })

  it('fill gaps alone: the request, `headers`, `apiKey` and the instrumentation before it win', async () => {
    const adding = (name: string): Instrumentation => ({
      headers: () => ({
        Authorization: 'Bearer stolen',
        'X-Request': name,
        'x-client': name,
        'x-both': name,
        [`x-${name}`]: 'yes',
      }),
    })
    const options = { ...OPTIONS, instrumentations: [adding('one'), adding('two')] }
    const keyed = scenario([ok], { ...options, apiKey: 'sk-key' })
    await keyed.settle(keyed.client.responses.create({ model: 'm' }, { headers: { 'X-Request': 'request' } }))
    expect(sent(keyed.transport.requests[0])).toMatchObject({
      authorization: 'Bearer sk-key',
      'x-request': 'request',
      'x-both': 'one',
      'x-one': 'yes',
      'x-two': 'yes',
    })
    const s = scenario([ok], {
      ...options,
      headers: async () => ({ authorization: 'Bearer own', 'x-client': 'client' }),
    })
    await s.settle(
      s.post({}, { headers: { 'x-request': 'request', 'content-type': 'application/json' } }).then(readAll),
    )
    expect(sent(s.transport.requests[0])).toMatchObject({
      authorization: 'Bearer own',
      'x-client': 'client',
      'x-request': 'request',
    })
    const names = s.transport.requests[0]?.headers.map(([name]) => name) ?? []
    expect(names.length).toBe(new Set(names).size)
    await s.nothingIsLeft()
  })

  it('are asked again after a 401, when the credential is renewed by `headers` alone', async () => {
    let token = 'old'
    const refreshes: boolean[] = []
    const s = scenario((request) => (sent(request).authorization === 'Bearer old' ? fake.status(401) : ok), {
      ...OPTIONS,
      headers: ({ refresh }) => {
        if (refresh) token = 'new'
        return { authorization: `Bearer ${token}` }
      },
      instrumentations: [
        {
          headers: ({ refresh }) => {
            refreshes.push(refresh)
            return { traceparent: `t-${refreshes.length}` }
          },
        },
      ],
    })
    expect((await s.settle(s.post().then(readAll))).error).toBeUndefined()
    expect(refreshes).toEqual([false, true])
    await s.nothingIsLeft()
  })

  const secretive: Instrumentation = {
    headers: () => ({ traceparent: '00-t', TraceState: 'v=1', 'x-tenant': 'secret', 'x-request-id': 'r' }),
  }

  it('do not go to an origin that is not the one of baseURL, but for traceparent and tracestate', async () => {
    const s = scenario(() => fake.status(200, { body: {} }), { ...OPTIONS, instrumentations: [secretive] })
    await s.settle(s.client.fetch('https://elsewhere.test/x').then(readAll))
    await s.settle(s.client.fetch('https://api.test/v1/models').then(readAll))
    const [elsewhere, home] = s.transport.requests.map(sent)
    expect(elsewhere).toMatchObject({ traceparent: '00-t', tracestate: 'v=1' })
    expect(Object.keys(elsewhere ?? {})).not.toContain('x-tenant')
    expect(Object.keys(elsewhere ?? {})).not.toContain('x-request-id')
    expect(home).toMatchObject({ traceparent: '00-t', tracestate: 'v=1', 'x-tenant': 'secret' })
    await s.nothingIsLeft()
  })

  it('reach a fetch that is handed on to, beside what the caller gave, in each of its forms', async () => {
    const seen: Array<Record<string, string>> = []
    const given: FetchFunction = async (input, init) => {
      seen.push(
        Object.fromEntries(
          new Headers(input instanceof Request && init?.headers === undefined ? input.headers : init?.headers),
        ),
      )
      return new Response('{}', { headers: { 'content-type': 'application/json' } })
    }
    const fetch = createResilientFetch({ ...OPTIONS, transport: fetchTransport(given), instrumentations: [secretive] })
    const url = 'https://api.test/v1/models'
    await fetch(url, { headers: { 'x-a': '1' } })
    await fetch(url, { headers: new Headers({ 'x-a': '1' }) })
    await fetch(url, { headers: [['x-a', '1']] })
    await fetch(new Request(url, { headers: { 'x-a': '1' } }))
    for (const headers of seen) expect(headers).toMatchObject({ 'x-a': '1', traceparent: '00-t', 'x-tenant': 'secret' })
    expect(seen).toHaveLength(4)
    await fetch.close()
  })

  it('do not follow to another endpoint, nor through a redirect to another origin', async () => {
    const s = scenario(() => fake.status(503), {
      endpoints: [
        { baseURL: 'https://api.test/v1' },
        { baseURL: 'https://b.test/v1', headers: { tracestate: 'of=endpoint' }, forwardHeaders: ['x-tenant'] },
      ],
      instrumentations: [secretive],
    })
    await s.settle(s.post())
    const other = s.transport.requests.filter(({ url }) => new URL(url).origin === 'https://b.test').map(sent)
    expect(other.length).toBeGreaterThan(0)
    for (const headers of other) {
      expect(headers).toMatchObject({ traceparent: '00-t', tracestate: 'of=endpoint' })
      expect(headers['x-tenant']).toBeUndefined()
    }
    const redirect = fake.status(307, { headers: { location: 'https://c.test/v1/models' } })
    const r = scenario([redirect, fake.status(200, { body: {} })], { ...OPTIONS, instrumentations: [secretive] })
    await r.settle(r.client.fetch('https://api.test/v1/models').then(readAll))
    const [first, second] = r.transport.requests.map(sent)
    expect([first?.['x-tenant'], second?.['x-tenant'], second?.traceparent]).toEqual(['secret', undefined, '00-t'])
  })

  it.each<[string, Instrumentation['headers'], string]>([
    [
      'throws',
      () => {
        throw new Error('sk-secret')
      },
      'threw',
    ],
    ['rejects', () => Promise.reject(new Error('sk-secret')), 'threw'],
    ['gives a list', () => invalid([['a', 'b']]), 'invalid_result'],
    ['returns a number', () => invalid({ 'x-n': 5 }), 'invalid_result'],
    ['gives a header that could write others', () => ({ 'x-n': 'a\r\nhost: evil' }), 'invalid_result'],
    ['never settles', () => new Promise(() => {}), 'timed_out'],
  ])('add nothing and fail no call where one %s; it is told, the others still count', async (_, headers, problem) => {
    const s = scenario([ok], { ...OPTIONS, instrumentations: [{ headers }, traced] })
    expect((await s.settle(s.post().then(readAll))).error).toBeUndefined()
    expect(sent(s.transport.requests[0]).traceparent).toBe('true-1')
    const told = s.events.filter(({ type }) => type === 'instrumentation_failed')
    expect(told).toMatchObject([{ attempt: 1, index: 0, problem }])
    expect(JSON.stringify(told)).not.toContain('secret')
    await s.nothingIsLeft()
  })

  it('are waited for no longer than the call: an abort ends it, and is told by the signal', async () => {
    const reasons: unknown[] = []
    const headers = ({ signal }: HeadersContext) =>
      new Promise<never>(() => signal.addEventListener('abort', () => reasons.push(signal.reason)))
    const s = scenario([], { ...OPTIONS, instrumentations: [{ headers }] })
    const call = s.post()
    await s.clock.settle()
    s.controller.abort('enough')
    await expect(call).rejects.toBe('enough')
    expect(reasons).toEqual(['enough'])
    await s.nothingIsLeft()
  })

  it('are there at once, and nothing waits for them, unless a function returns a promise', async () => {
    const headersOf = (...functions: Array<NonNullable<Instrumentation['headers']>>) => {
      const scope = new AbortScope(undefined)
      const instrumentations = instrumentationsOf(functions.map((headers) => ({ headers })))
      const added = new InstrumentedHeaders({ instrumentations, origin: 'https://api.test', clock: new VirtualClock() })
      const url = new URL('https://api.test/v1')
      const running = vi.fn(() => scope.child())
      const ask = { url, method: 'POST', body: NO_BODY, callId: 1, attempt: 1, refresh: false, scope, running }
      return { scope, running, made: added.ofCall()?.get(ask, () => {}) }
    }
    const one = () => ({ 'X-One': '1' })
    const atOnce = headersOf(one, () => undefined)
    expect(atOnce.made).toEqual([['x-one', '1']])
    expect(atOnce.running).not.toHaveBeenCalled()
    const later = headersOf(one, async () => ({ 'x-two': '2' }))
    await expect(later.made).resolves.toEqual([
      ['x-one', '1'],
      ['x-two', '2'],
    ])
    expect(later.running).toHaveBeenCalled()
  })

  it('that fail at once because the call was aborted leave no rejection of another one unhandled', async () => {
    const s = scenario([], {
      ...OPTIONS,
      instrumentations: [
        { headers: () => new Promise<never>(() => {}) },
        {
          headers: () => {
            s.controller.abort('enough')
            throw new Error('late')
          },
        },
      ],
    })
    await expect(s.post()).rejects.toBe('enough')
    await s.nothingIsLeft()
  })

  it('leave no timer if the headers of the client fail', async () => {
    const s = scenario([], {
      ...OPTIONS,
      headers: () => Promise.reject(new Error('no token')),
      instrumentations: [{ headers: () => new Promise<never>(() => {}) }],
    })
    const { error } = await s.settle(s.post())
    expect(error).toMatchObject({ cause: { code: 'headers_failed' } })
    expect(s.clock.pending()).toEqual([])
    await s.nothingIsLeft()
  })
})

describe('the option instrumentations', () => {
  it.each([
    ['no array', {}],
    ['null in it', [null]],
    ['an object with neither function', [{}]],
    ['a typo', [{ onEvents: () => {} }]],
    ['a function that is none', [{ onEvent: 'log' }]],
    ['headers that are an object', [{ headers: { authorization: 'sk-secret' } }]],
  ])('refuses %s', (_, instrumentations) => {
    expect(() => new ResilientClient(invalid({ instrumentations }))).toThrow(ConfigurationError)
    expect(() => new ResilientClient(invalid({ instrumentations }))).toThrow(/instrumentations.*onEvent.*headers/)
    expect(() => new ResilientClient(invalid({ instrumentations }))).not.toThrow(/sk-secret/)
  })

  const onEvent = (): void => {}
  it.each([
    ['no array', { onEvent, eventTypes: 'call_end' }, 'eventTypes: got a string of 8 characters; accepted: an array'],
    [
      'an empty array',
      { onEvent, eventTypes: [] },
      'eventTypes: got an array; accepted: an array of at least one name',
    ],
    [
      'a typo',
      { onEvent, eventTypes: ['call_end', 'call_ends'] },
      "eventTypes.1: got 'call_ends'; accepted: the name of",
    ],
    ['no onEvent', { headers: onEvent, eventTypes: ['call_end'] }, 'onEvent: got undefined; accepted: a function'],
  ])('refuses eventTypes with %s', (_, instrumentation, message) => {
    const instrumentations = [{ onEvent }, instrumentation]
    expect(() => new ResilientClient(invalid({ instrumentations }))).toThrow(`instrumentations.1.${message}`)
  })

  it('keeps the functions of the moment: what is changed later changes no client', async () => {
    const instrumentation: { headers?: Instrumentation['headers'] } = { headers: () => ({ 'x-a': '1' }) }
    const list: Instrumentation[] = [instrumentation]
    const s = scenario([ok], { ...OPTIONS, instrumentations: list })
    list.length = 0
    delete instrumentation.headers
    await s.settle(s.post().then(readAll))
    expect(sent(s.transport.requests[0])['x-a']).toBe('1')
    await s.nothingIsLeft()
  })
})

describe('the context of instrumentations', () => {
  const where = new AsyncLocalStorage<string>()
  const inside: string[] = []
  /** Notes in which context the transport sends. */
  const noting = (transport: FakeTransport): void => {
    const { send } = transport
    transport.send = (...given) => {
      inside.push(where.getStore() ?? 'outside')
      return send.apply(transport, given)
    }
  }

  it('is there when an attempt is sent, the first instrumentation outermost, after attempt_start was told', async () => {
    inside.length = 0
    const about: unknown[] = []
    const named = (name: string): Instrumentation => ({
      onEvent: ({ type }) => type === 'attempt_start' && about.push(`${name} start`),
      inContext: (attempt, send) => {
        about.push({ name, ...attempt })
        return where.run(`${where.getStore() ?? ''}${name}`, send)
      },
    })
    const s = scenario([fake.status(503), ok], { ...OPTIONS, instrumentations: [named('a'), named('b')] })
    noting(s.transport)
    await s.settle(s.post().then(readAll))
    expect(inside).toEqual(['ab', 'ab'])
    const callId = expect.any(Number)
    const told = (attempt: number) => [
      'a start',
      'b start',
      { name: 'a', callId, attempt },
      { name: 'b', callId, attempt },
    ]
    expect(about).toEqual([...told(1), ...told(2)])
    await s.nothingIsLeft()
  })

  it.each<[what: string, inContext: (attempt: unknown, send: () => unknown) => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    [
      'throws behind the sending',
      (_, send) => {
        send()
        throw new Error('no')
      },
    ],
    ['sends nothing', () => undefined],
    ['sends twice', (_, send) => [send(), send()]],
    [
      'returns something else',
      (_, send) => {
        send()
        return 'else'
      },
    ],
  ])('sends an attempt once, whatever it does: one that %s', async (_, inContext) => {
    inside.length = 0
    const s = scenario([ok], { ...OPTIONS, instrumentations: [{ inContext: invalid(inContext) }] })
    noting(s.transport)
    expect((await s.settle(s.post().then(readAll))).error).toBeUndefined()
    expect(inside).toEqual(['outside'])
    await s.nothingIsLeft()
  })
})
