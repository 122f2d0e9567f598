import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type FakeAttempt,
  type FakePlan,
  FakeTransport,
  fake,
  seededRandom,
  sseFrame,
  textStream,
  toSSE,
  VirtualClock,
} from '../../src/testing/index.ts'
import type {
  ClientLifecycleEvent,
  ExchangeObserver,
  ResponseHead,
  TransportRequest,
} from '../../src/transport/transport.ts'
import { invalid } from '../support/typed.ts'

const utf8 = {
  encode: (text: string) => new TextEncoder().encode(text),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
}

function requestOf(overrides: Partial<TransportRequest> = {}): TransportRequest {
  return {
    url: new URL('https://api.example.com/v1/responses'),
    method: 'POST',
    headers: [['content-type', 'application/json']],
    body: { kind: 'bytes', bytes: utf8.encode('{"input":"hi"}') },
    connection: 'any',
    attempt: 1,
    ...overrides,
  }
}

/** Writes down what an exchange reports; `body` joins the data, `errors` keeps the errors. */
class Notes implements ExchangeObserver {
  readonly calls: string[] = []
  readonly chunks: string[] = []
  readonly errors: (Error & { code?: string; syscall?: string })[] = []
  readonly clock: VirtualClock | undefined
  onCall: (name: string) => void = () => {}

  constructor(clock?: VirtualClock) {
    this.clock = clock
  }

  get body(): string {
    return this.chunks.join('')
  }

  connecting = () => this.#note('connecting')
  connected = ({ reused }: { reused: boolean }) => this.#note(reused ? 'connected again' : 'connected')
  sending = () => this.#note('sending')
  sent = () => this.#note('sent')
  head = ({ status }: ResponseHead) => this.#note(`head ${status}`)
  data = (chunk: Uint8Array) => {
    this.chunks.push(utf8.decode(chunk))
    this.#note('data')
  }
  end = () => this.#note('end')
  error = (error: unknown) => {
    this.errors.push(error as Error)
    this.#note('error')
  }

  #note(name: string): void {
    this.calls.push(this.clock ? `${this.clock.now()} ${name}` : name)
    this.onCall(name)
  }
}

function setUp(plan: FakePlan) {
  const clock = new VirtualClock()
  const transport = new FakeTransport(plan, { clock })
  const send = (overrides?: Partial<TransportRequest>) => {
    const notes = new Notes(clock)
    return { notes, exchange: transport.send(requestOf(overrides), notes) }
  }
  return { clock, transport, send }
}

const OPENING = ['0 connecting', '0 connected', '0 sending', '0 sent']

afterEach(() => {
  vi.useRealTimers()
})

describe('a script', () => {
  it('implies the connection, the headers of a stream and the end of the body', async () => {
    const { clock, transport, send } = setUp([[fake.event({ type: 'response.created' })]])
    const { notes } = send()
    expect(notes.calls).toEqual([])
    await clock.settle()
    expect(notes.calls).toEqual([...OPENING, '0 head 200', '0 data', '0 end'])
    expect(notes.body).toBe('event: response.created\ndata: {"type":"response.created"}\n\n')
    transport.assertConsumed()
    transport.assertNothingLeft()
    clock.assertNothingPending()
  })

  it('plays whole streams, each event in a separate read at its time', async () => {
    const events = textStream({ deltas: ['a', 'b'] })
    const { clock, transport, send } = setUp([fake.respond(events, { everyMs: 10 })])
    const { notes } = send()
    await clock.runToIdle()
    expect(notes.body).toBe(toSSE(events))
    expect(notes.calls.filter((call) => call.endsWith('data'))).toEqual(events.map((_, n) => `${(n + 1) * 10} data`))
    transport.assertConsumed()
  })

  it('answers with a status, headers and a JSON body', async () => {
    const error = { error: { code: 'server_is_overloaded' } }
    const { clock, send } = setUp([fake.status(503, { headers: { 'Retry-After': '1' }, body: error })])
    let headers: unknown
    const { notes } = send()
    notes.head = (head) => {
      headers = head.headers
    }
    await clock.settle()
    expect(headers).toEqual([
      ['content-type', 'application/json'],
      ['retry-after', '1'],
    ])
    expect(JSON.parse(notes.body)).toEqual(error)
    expect(notes.calls.at(-1)).toBe('0 end')
  })

  it('stalls for ever once the request is written, until the client hangs up', async () => {
    const { clock, transport, send } = setUp([fake.stall()])
    const { notes, exchange } = send()
    await clock.advance(3_600_000)
    expect(notes.calls).toEqual(OPENING)
    expect(() => transport.assertNothingLeft()).toThrow(/attempt 1 of POST .* \(open, 0 timer/)
    exchange.destroy()
    exchange.destroy()
    await clock.advance(1_000)
    expect(notes.calls).toEqual(OPENING)
    transport.assertConsumed()
    transport.assertNothingLeft()
    expect(transport.stats()).toEqual({
      connections: 0,
      idleConnections: 0,
      leases: 0,
      clients: 1,
      openExchanges: 0,
      timers: 0,
    })
  })

  it('delays connecting, sending and the answer separately', async () => {
    const { clock, send } = setUp([
      [fake.connect({ afterMs: 5 }), fake.send({ times: 3, everyMs: 10 }), fake.delay(100), fake.head(200), fake.eof()],
    ])
    const { notes } = send()
    await clock.runToIdle()
    expect(notes.calls).toEqual([
      ...['0 connecting', '5 connected', '5 sending', '15 sending', '25 sending', '25 sent'],
      ...['125 head 200', '125 end'],
    ])
  })

  it('repeats heartbeats until the client hangs up', async () => {
    const { clock, transport, send } = setUp([[fake.repeat(fake.comment('ping'), { everyMs: 1_000 })]])
    const { notes, exchange } = send()
    await clock.advance(3_500)
    expect(notes.body).toBe(': ping\n\n'.repeat(3))
    exchange.destroy()
    await clock.runToIdle()
    expect(notes.chunks).toHaveLength(3)
    transport.assertConsumed()
  })

  it('cuts a body into reads of any size', async () => {
    const { clock, send } = setUp([[fake.bytes('ünï', { chunkBytes: 2, everyMs: 1 })]])
    const { notes } = send()
    await clock.runToIdle()
    expect(notes.calls.slice(5)).toEqual(['1 data', '2 data', '3 data', '3 end'])
  })

  it.each([
    ['anything after a stall', [fake.stall(), fake.eof()], /step 2 \(eof\) cannot come after stall/],
    ['headers twice', [fake.head(), fake.head()], /step 2/],
    ['connecting after the answer', [fake.comment(), fake.connect()], /step 2 \(connect\)/],
    ['steps after a whole answer', [fake.status(200), fake.comment()], /step 3/],
  ] as [string, FakeAttempt, RegExp][])('refuses %s when it is made', (_, attempt, message) => {
    expect(() => new FakeTransport([attempt])).toThrow(message)
  })

  it.each<[plan: unknown, options: unknown, message: RegExp]>([
    [undefined, {}, /^FakeTransport: the plan is undefined; expected an array/],
    ['ok', {}, /^FakeTransport: the plan is 'ok'; expected an array/],
    [['ok'], {}, /^FakeTransport: attempt 1: step 1 is 'ok'; expected what `fake` makes/],
    [[fake.stall(), [undefined]], {}, /^FakeTransport: attempt 2: step 1 is undefined; expected/],
    [[{ type: 'constructor' }], {}, /^FakeTransport: attempt 1: step 1 is a value of type object; expected/],
    [[], { clok: 1 }, /^FakeTransport: unknown option 'clok'; accepted: clock, abilities$/],
    [
      [],
      { abilities: { seesAll: true } },
      /^FakeTransport: unknown option 'seesAll' in abilities; accepted: seesConnect/,
    ],
    [[], null, /^FakeTransport: the options are null; expected an object$/],
  ])('refuses what is no plan and no options: %j, %j', (plan, options, message) => {
    expect(() => new FakeTransport(invalid(plan), invalid(options))).toThrow(message)
  })

  it.each([
    [() => fake.status(invalid('x')), "expected a status from 100 to 999, got 'x'"],
    [() => fake.status(99), 'expected a status from 100 to 999, got 99'],
    [() => fake.respond([], { status: 200.5 }), 'fake.respond: status is 200.5; expected a status from 100 to 999'],
    [() => fake.respond([], invalid({ keepOpen: 'yes' })), "fake.respond: keepOpen is 'yes'; expected true or false"],
    [() => fake.status(200, invalid({ body: 5 })), 'fake.status: body is 5; expected a text, bytes or an object'],
    [() => fake.send(invalid({ everyMs: 5 })), 'fake.send: times is undefined; expected a whole number, 1 or more'],
    [() => fake.connect({ afterMs: -1 }), 'fake.connect: afterMs is -1; expected milliseconds, 0 or more'],
    [
      () => textStream(invalid({ keepalives: 'x' })),
      "the options of a stream: keepalives is 'x'; expected a whole number",
    ],
    [() => textStream(invalid({ usage: { input: 5 } })), "unknown option 'input' in usage; accepted: inputTokens"],
    [
      () => textStream(invalid({ deltas: 'hi' })),
      "the options of a stream: deltas is 'hi'; expected an array of texts",
    ],
    [() => new VirtualClock(invalid({ traces: 1 })), 'VirtualClock: traces is 1; expected true or false'],
    [
      () => new FakeTransport([], invalid({ clock: {} })),
      'FakeTransport: clock is a value of type object; expected a Clock',
    ],
    [
      () => new FakeTransport([], invalid({ abilities: { seesSent: 1 } })),
      'FakeTransport: abilities.seesSent is 1; expected true or false',
    ],
    [() => textStream(invalid('hi')), "the options of a stream are 'hi'; expected an object, e.g. { text: 'hi' }"],
    [
      () => new VirtualClock(invalid({ start: 5 })),
      "VirtualClock: unknown option 'start'; accepted: epochMs, startMs, traces",
    ],
  ])('builders refuse what they cannot use: %s', (build, message) => {
    expect(build).toThrow(message)
  })

  it('can be a function of the request', async () => {
    const { clock, transport, send } = setUp((request) => (request.attempt === 1 ? fake.reset() : fake.respond([])))
    const first = send({ attempt: 1 })
    const second = send({ attempt: 2 })
    await clock.settle()
    expect(first.notes.calls.at(-1)).toBe('0 error')
    expect(second.notes.calls.at(-1)).toBe('0 end')
    transport.assertConsumed()
  })
})

describe('failures look like real ones', () => {
  it.each([
    [
      fake.connectError('ECONNREFUSED'),
      { code: 'ECONNREFUSED', syscall: 'connect', port: 443 },
      /^connect ECONNREFUSED 127\.0\.0\.1:443$/,
    ],
    [fake.connectError('ENOTFOUND'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }, /api\.example\.com/],
    [fake.connectError('EMFILE'), { code: 'EMFILE', syscall: 'connect' }, /EMFILE/],
    [fake.sendError('EPIPE'), { code: 'EPIPE', syscall: 'write' }, /^write EPIPE$/],
    [fake.reset(), { code: 'ECONNRESET', syscall: 'read' }, /^read ECONNRESET$/],
    [fake.reset('UND_ERR_SOCKET'), { code: 'UND_ERR_SOCKET', name: 'SocketError' }, /^other side closed$/],
    [fake.eof(), { code: 'UND_ERR_SOCKET', name: 'SocketError' }, /^other side closed$/],
  ])('%o', async (step, fields, message) => {
    const { clock, transport, send } = setUp([step])
    const { notes } = send()
    await clock.settle()
    expect(notes.errors).toHaveLength(1)
    expect(notes.errors[0]).toMatchObject(fields)
    expect(notes.errors[0]!.message).toMatch(message)
    expect(transport.requests[0]!.outcome).toBe('failed')
    transport.assertConsumed()
    transport.assertNothingLeft()
  })

  it('throws an error of the test unchanged', async () => {
    const mine = new Error('mine')
    const { clock, send } = setUp([fake.reset(mine)])
    const { notes } = send()
    await clock.settle()
    expect(notes.errors[0]).toBe(mine)
  })

  it('has not read the request when connecting failed', async () => {
    const { clock, transport, send } = setUp([fake.connectError(), fake.connectStall()])
    const open = vi.fn()
    const body = { kind: 'stream', replayable: false, length: undefined, open } as const
    const { notes } = send({ body })
    send({ body }).exchange.destroy()
    await clock.settle()
    expect(notes.calls).toEqual(['0 connecting', '0 error'])
    expect(open).not.toHaveBeenCalled()
    expect(transport.requests[0]!.sent).toBe(false)
  })
})

describe('requests', () => {
  it('are recorded byte for byte, even if the caller changes its bytes later', async () => {
    const { clock, transport, send } = setUp([fake.delay(5), fake.eof()])
    const bytes = utf8.encode('{"input":"hi"}')
    await clock.advance(7)
    send({ body: { kind: 'bytes', bytes }, attempt: 2, connection: 'fresh' })
    bytes.fill(0)
    await clock.settle()
    const [request] = transport.requests
    expect(request).toMatchObject({
      attempt: 2,
      method: 'POST',
      url: 'https://api.example.com/v1/responses',
      connection: 'fresh',
      at: 7,
      sent: true,
      text: '{"input":"hi"}',
      json: { input: 'hi' },
    })
    expect(request!.header('Content-Type')).toBe('application/json')
    expect(request!.body).toEqual(utf8.encode('{"input":"hi"}'))
  })

  it('are read from a stream once, as it goes out', async () => {
    const { clock, transport, send } = setUp([fake.respond([])])
    let opened = 0
    async function* open() {
      opened++
      yield utf8.encode('{"input"')
      await new Promise<void>((resolve) => clock.setTimer(resolve, 20))
      yield utf8.encode(':1}')
    }
    const { notes } = send({ body: { kind: 'stream', replayable: false, length: undefined, open } })
    await clock.runToIdle()
    expect(notes.calls).toEqual([
      ...['0 connecting', '0 connected', '0 sending', '20 sending', '20 sent', '20 head 200', '20 end'],
    ])
    expect({ opened, json: transport.requests[0]!.json }).toEqual({ opened: 1, json: { input: 1 } })
  })

  it('release a streamed body when the client hangs up in the middle of it', async () => {
    const { clock, transport, send } = setUp([fake.sendStall()])
    let closed = false
    async function* open() {
      try {
        yield utf8.encode('half')
        yield utf8.encode('never')
      } finally {
        closed = true
      }
    }
    const { notes, exchange } = send({ body: { kind: 'stream', replayable: false, length: 9, open } })
    await clock.advance(60_000)
    expect(notes.calls).toEqual(['0 connecting', '0 connected', '0 sending'])
    exchange.destroy()
    await clock.settle()
    expect({ closed, text: transport.requests[0]!.text }).toEqual({ closed: true, text: 'half' })
    transport.assertConsumed()
  })

  it('fail with the error of their body, which is not a failure of the connection', async () => {
    const { clock, transport, send } = setUp([fake.respond([])])
    const mine = new Error('disk gone')
    // biome-ignore lint/correctness/useYield: it fails before it has anything to give
    async function* open(): AsyncGenerator<Uint8Array> {
      throw mine
    }
    const { notes } = send({ body: { kind: 'stream', replayable: true, length: undefined, open } })
    await clock.settle()
    expect(notes.errors).toMatchObject([{ code: 'ERR_RESILIENT_BODY', cause: mine }])
    expect(transport.requests[0]!.poisonReasons).toEqual([])
    transport.assertNothingLeft()
  })
})

describe('the plan', () => {
  it('names the steps that were not consumed and the attempts that never came', async () => {
    const { clock, transport, send } = setUp([[fake.delay(5), fake.comment(), fake.reset()], fake.stall()])
    const { notes, exchange } = send()
    notes.onCall = (name) => name === 'data' && exchange.destroy()
    await clock.advance(5)
    expect(() => transport.assertConsumed()).toThrow(
      /attempt 1 \(destroyed\): not consumed: reset ECONNRESET\n {2}- attempt 2: never came: stall/,
    )
    expect(() => transport.assertConsumed({ allowHangUp: true })).toThrow(/attempt 2/)
    expect(transport.requests[0]!.unplayed).toEqual([fake.reset()])
  })

  it('counts the steps after a delay that was cut short as consumed', async () => {
    const { clock, transport, send } = setUp([[fake.delay(60_000), fake.respond(textStream())]])
    const { exchange } = send()
    await clock.advance(45_000)
    expect(() => transport.assertConsumed()).toThrow(/attempt 1 \(open\)/)
    exchange.destroy()
    transport.assertConsumed()
    clock.assertNothingPending()
  })

  it('fails an unplanned attempt, and reports it again at the end', async () => {
    const { clock, transport, send } = setUp([fake.respond([])])
    send()
    const { notes } = send()
    await clock.settle()
    expect(notes.errors[0]!.message).toMatch(/attempt 2 was not planned: the plan has 1/)
    expect(transport.requests).toHaveLength(2)
    expect(() => transport.assertConsumed()).toThrow(/attempt 2 was not planned/)
  })

  it('reports a function that fails', async () => {
    const { clock, transport, send } = setUp(() => {
      throw new Error('no idea')
    })
    const { notes } = send()
    await clock.settle()
    expect(notes.errors[0]!.message).toBe('no idea')
    expect(() => transport.assertConsumed()).toThrow(/no idea/)
  })
})

describe('pause and resume', () => {
  it('hold back bytes that the client does not read, and deliver them in order', async () => {
    const { clock, transport, send } = setUp([[fake.bytes('a'), fake.bytes('b'), fake.bytes('c')]])
    const { notes, exchange } = send()
    notes.onCall = (name) => name === 'data' && exchange.pause()
    await clock.advance(10)
    expect(notes.chunks).toEqual(['a'])
    exchange.resume()
    expect(notes.chunks).toEqual(['a'])
    await clock.settle()
    expect(notes.chunks).toEqual(['a', 'b'])
    notes.onCall = () => {}
    exchange.resume()
    await clock.settle()
    expect(notes.calls.slice(-2)).toEqual(['10 data', '10 end'])
    transport.assertConsumed()
  })

  it('do not slow the endpoint down: earlier bytes arrive at once, later ones on time', async () => {
    const { clock, send } = setUp([
      fake.respond(
        ['1', '2', '3', '4'].map((type) => ({ type })),
        { everyMs: 100 },
      ),
    ])
    const { notes, exchange } = send()
    await clock.settle()
    exchange.pause()
    await clock.advance(250)
    exchange.resume()
    await clock.runToIdle()
    expect(notes.calls.slice(5)).toEqual(['250 data', '250 data', '300 data', '400 data', '400 end'])
  })

  it('the same holds for a blocked event loop', async () => {
    const { clock, send } = setUp([
      fake.respond(
        ['1', '2', '3'].map((type) => ({ type })),
        { everyMs: 100 },
      ),
    ])
    const { notes } = send()
    await clock.settle()
    clock.jump(250)
    await clock.runToIdle()
    expect(notes.calls.slice(5)).toEqual(['250 data', '250 data', '300 data', '300 end'])
  })
})

describe('connections', () => {
  it('are reused after a clean end, but not for a fresh request', async () => {
    const { clock, transport, send } = setUp([fake.respond([]), fake.respond([]), fake.respond([])])
    for (const connection of ['any', 'any', 'fresh'] as const) {
      send({ connection })
      await clock.settle()
    }
    expect(transport.requests.map(({ carriedBy }) => carriedBy)).toEqual([
      { generation: 1, reused: false, connectionId: 1 },
      { generation: 1, reused: true, connectionId: 1 },
      { generation: 1, reused: false, connectionId: 2 },
    ])
    expect(transport.stats()).toMatchObject({ connections: 2, idleConnections: 2, leases: 0 })
  })

  it('report no new connect when reused, and can die at once', async () => {
    const { clock, send } = setUp([fake.respond([]), fake.reset()])
    send()
    await clock.settle()
    const { notes } = send()
    await clock.settle()
    expect(notes.calls).toEqual(['0 connected again', '0 sending', '0 sent', '0 error'])
  })

  it('end with the last lease of a poisoned client, which gets no new lease', async () => {
    const { clock, transport, send } = setUp([fake.stall(), fake.stall(), fake.reset(), fake.stall()])
    const seen: ClientLifecycleEvent[] = []
    const stop = transport.observe((event) => seen.push(event))
    const [healthy, timedOut] = [send(), send()]
    await clock.settle()
    timedOut.exchange.poison('ttfb_timeout')
    timedOut.exchange.destroy()
    const dead = send()
    await clock.settle()
    healthy.exchange.destroy()
    const last = send()
    await clock.settle()
    const key = 'https://api.example.com'
    expect(seen).toEqual([
      { type: 'client_created', key, generation: 1 },
      { type: 'client_poisoned', key, generation: 1, reason: 'ttfb_timeout' },
      { type: 'client_created', key, generation: 2 },
      { type: 'client_poisoned', key, generation: 2, reason: 'ECONNRESET' },
      { type: 'client_destroyed', key, generation: 2 },
      { type: 'client_destroyed', key, generation: 1 },
      { type: 'client_created', key, generation: 3 },
    ])
    expect(dead.notes.errors).toHaveLength(1)
    expect(transport.requests.map(({ poisonReasons }) => poisonReasons)).toEqual([
      [],
      ['ttfb_timeout'],
      ['ECONNRESET'],
      [],
    ])
    last.exchange.destroy()
    stop()
  })

  it('are not poisoned by a client that hangs up', async () => {
    const { clock, transport, send } = setUp([fake.stall(), fake.respond([])])
    const { exchange } = send()
    await clock.settle()
    exchange.destroy()
    send()
    await clock.settle()
    expect(transport.requests[1]!.carriedBy).toEqual({ generation: 1, reused: false, connectionId: 2 })
  })

  it('are kept after a drain that ends in time, and closed after one that does not', async () => {
    const { clock, transport, send } = setUp([
      [fake.comment(), fake.delay(50), fake.eof()],
      [fake.comment(), fake.stall()],
      [fake.comment(), fake.bytes(new Uint8Array(70_000)), fake.delay(1), fake.eof()],
    ])
    const idle: number[] = []
    for (const connection of ['fresh', 'any', 'fresh'] as const) {
      const { notes, exchange } = send({ connection })
      notes.onCall = (name) => name === 'data' && exchange.drain()
      await clock.advance(200)
      expect(notes.chunks).toHaveLength(1)
      expect(notes.calls.at(-1)).toMatch(/data$/)
      idle.push(transport.stats().idleConnections)
    }
    expect(idle).toEqual([1, 0, 0])
    expect(transport.requests.map(({ outcome }) => outcome)).toEqual(['drained', 'drained', 'drained'])
    transport.assertConsumed()
    transport.assertNothingLeft()
    clock.assertNothingPending()
  })

  it('can be invisible, as over an existing fetch', async () => {
    const clock = new VirtualClock()
    const abilities = { seesConnect: false, seesSent: false, choosesConnection: false }
    const transport = new FakeTransport([fake.respond([]), fake.respond([])], { clock, abilities })
    const notes = new Notes()
    transport.send(requestOf(), notes)
    await clock.settle()
    transport.send(requestOf({ connection: 'fresh' }), notes)
    await clock.settle()
    expect(notes.calls).toEqual(['head 200', 'end', 'head 200', 'end'])
    expect(transport.requests[1]!.carriedBy!.reused).toBe(true)
  })
})

describe('close and destroy', () => {
  it('close waits for running exchanges, and refuses later ones', async () => {
    const { clock, transport, send } = setUp([[fake.delay(50), fake.head()], fake.stall()])
    const first = send()
    let closed = false
    const closing = transport.close().then(() => {
      closed = true
    })
    const refused = send()
    await clock.settle()
    expect(closed).toBe(false)
    expect(refused.notes.errors[0]).toMatchObject({ code: 'UND_ERR_CLOSED' })
    await clock.runToIdle()
    await closing
    expect(first.notes.calls.at(-1)).toBe('50 end')
    expect(transport.stats()).toMatchObject({ connections: 0, clients: 0, leases: 0 })
  })

  it('destroy fails all running exchanges, paused or not, but none that the client ended', async () => {
    const { clock, transport, send } = setUp([fake.stall(), fake.stall(), fake.respond(textStream())])
    const [waiting, ended, paused] = [send(), send(), send()]
    paused.exchange.pause()
    await clock.settle()
    const destroying = transport.destroy()
    ended.exchange.destroy()
    await destroying
    expect(waiting.notes.errors).toMatchObject([{ code: 'UND_ERR_DESTROYED' }])
    expect(paused.notes.errors).toMatchObject([{ code: 'UND_ERR_DESTROYED' }])
    expect(ended.notes.errors).toEqual([])
    expect(transport.stats()).toMatchObject({ connections: 0, clients: 0, leases: 0, openExchanges: 0 })
    clock.assertNothingPending()
  })
})

describe('time', () => {
  it('the fake timers of a test framework drive it without settings', async () => {
    vi.useFakeTimers()
    const transport = new FakeTransport([[fake.delay(30_000), fake.respond([{ type: 'ping' }], { everyMs: 1_000 })]])
    const notes = new Notes()
    transport.send(requestOf(), notes)
    await vi.advanceTimersByTimeAsync(30_999)
    expect(notes.calls.at(-1)).toBe('head 200')
    await vi.advanceTimersByTimeAsync(1)
    expect(notes.calls.slice(-2)).toEqual(['data', 'end'])
    expect(notes.body).toBe(sseFrame({ type: 'ping' }))
    expect(vi.getTimerCount()).toBe(0)
    transport.assertConsumed()
  })

  it('its timers can be distinguished from those of a client on the same clock', async () => {
    const { clock, send } = setUp([[fake.delay(10), fake.eof()]])
    send()
    await clock.settle()
    expect(clock.pending()).toMatchObject([{ label: 'fake transport', dueMs: 10 }])
    await clock.runToIdle()
    expect(clock.counts('fake transport')).toMatchObject({ armed: 1, fired: 1 })
  })
})

/** The order that the port promises; `sending` and `data` may repeat. */
const LEGAL = /^(connecting (connected )?|connected( again)? )?(sending )*(sent )?(head \d+ )?(data )*(end |error )?$/

describe('the contract of the port', () => {
  const step = fc.oneof(
    fc.integer({ min: 0, max: 30 }).map(fake.delay),
    fc.string({ minLength: 1, maxLength: 4 }).map((text) => fake.bytes(text)),
    fc.constant(fake.comment()),
  )
  const ending = fc.constantFrom(fake.eof(), fake.stall(), fake.reset(), fake.repeat(fake.comment(), { everyMs: 7 }))
  const opening = fc.constantFrom(
    [],
    [fake.connect({ afterMs: 5 })],
    [fake.connect(), fake.send({ times: 2, everyMs: 3 })],
  )
  const script = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(opening, fc.array(step, { maxLength: 6, size: 'max' }), ending).map((parts) => parts.flat()),
    },
    { weight: 1, arbitrary: fc.constantFrom([fake.connectError()], [fake.sendStall()], [fake.sendError()]) },
  )

  it('holds for any script under any pauses, resumes, drains and ends', async () => {
    await fc.assert(
      fc.asyncProperty(script, fc.integer(), async (attempt, seed) => {
        const { clock, transport, send } = setUp([attempt])
        const random = seededRandom(seed)
        const { notes, exchange } = send({ connection: random() < 0.5 ? 'any' : 'fresh' })
        expect(notes.calls).toEqual([])
        let callsAtEnd: number | undefined
        let isPaused = false
        const meddle = () => {
          const chance = random()
          if (chance < 0.15) {
            exchange.pause()
            isPaused = true
          } else if (chance < 0.3) {
            exchange.resume()
            isPaused = false
          } else if (chance < 0.34) endWith('destroy')
          else if (chance < 0.38) endWith('drain')
        }
        const endWith = (how: 'destroy' | 'drain') => {
          exchange[how]()
          callsAtEnd ??= notes.calls.length
        }
        notes.onCall = (name) => {
          if (isPaused) expect(name).not.toMatch(/head|data|end$/)
          meddle()
        }
        for (let n = 0; n < 6; n++) {
          await clock.advance(random() * 20)
          meddle()
        }
        exchange.resume()
        isPaused = false
        await clock.advance(1_000)
        endWith('destroy')
        await clock.advance(1_000)

        expect(notes.calls.map((call) => `${call.replace(/^[\d.]+ /, '')} `).join('')).toMatch(LEGAL)
        expect(notes.calls.length).toBe(callsAtEnd)
        transport.assertNothingLeft()
        clock.assertNothingPending()
        expect(transport.stats()).toMatchObject({ leases: 0, timers: 0 })
      }),
      { numRuns: 150 },
    )
  })
})
