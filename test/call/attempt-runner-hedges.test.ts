import { describe, expect, it } from 'vitest'
import type { HedgePlan } from '../../src/hedge/hedging.ts'
import { fake } from '../../src/testing/index.ts'
import type { ExchangeObserver, HeaderPairs, Transport, TransportRequest } from '../../src/transport/transport.ts'
import { standIn } from '../support/typed.ts'
import { HEADERS, rounds } from './attempt-runner-rig.ts'

const COMMITTED = [fake.head(200), fake.event({ type: 'response.output_text.delta', delta: 'x' }), fake.stall()]

describe("hedge: 'auto'", () => {
  it.each([
    ['a call that may be retried', {}, true],
    ['a call without retries', { maxRetries: 0 }, false],
    ['a call with a dispatcher of its own', { dispatcher: {} }, false],
    ['a call over a transport that does not choose its connections', { choosesConnection: false }, false],
    ['a call of the flex tier', { body: { stream: true, service_tier: 'flex' } }, false],
    ['a call of the priority tier', { body: { stream: true, service_tier: 'priority' } }, false],
    ['a call of the default tier', { body: { stream: true, service_tier: 'default' } }, true],
    ['a call whose tools act', { body: { stream: true, tools: [{ type: 'mcp' }] } }, false],
    ['a call to a private host', { host: '10.0.0.1' }, false],
  ])('plans for %s: %o is %s', async (_what, given, isPlanned) => {
    const r = rounds({ hedged: true, isAuto: true, script: [fake.stall()], ...given })
    void r.rounds.run(false)
    await r.clock.settle()
    expect(r.planned.length > 0).toBe(isPlanned)
    r.rounds.abort('done')
  })

  it('is not asked by hedge: true', async () => {
    const r = rounds({ hedged: true, maxRetries: 0, host: '10.0.0.1', script: [fake.stall()] })
    void r.rounds.run(false)
    await r.clock.settle()
    expect(r.planned).toHaveLength(2)
    r.rounds.abort('done')
  })
})

describe('a plan that is not ready', () => {
  /** What one attempt by itself teaches the plan. */
  async function learnt(step: Parameters<typeof rounds>[0]['script']) {
    const told: unknown[][] = []
    const note =
      (name: string) =>
      (...args: unknown[]) =>
        told.push([name, ...args])
    const plan: Partial<HedgePlan> = {
      isReady: false,
      pushedBack: note('pushedBack'),
      died: note('died'),
      answered: note('answered'),
    }
    const r = rounds({ hedged: true, plan, script: step ?? [] })
    const playing = r.rounds.run(false)
    await r.clock.advance(100_000)
    const { opened } = await playing
    expect(r.transport.requests).toHaveLength(1)
    if (opened.kind === 'committed') r.rounds.abort('done')
    return told
  }

  it('learns pushbacks, deaths with their silence, and first events with their time, from single attempts', async () => {
    expect(await learnt([fake.status(503)])).toEqual([['pushedBack']])
    expect(await learnt([[fake.delay(2000), fake.status(429)]])).toEqual([['pushedBack']])
    expect(await learnt([fake.stall()])).toEqual([['died', 45_000]])
    expect(await learnt([[fake.delay(700), ...COMMITTED]])).toEqual([['answered', 700]])
  })

  it('learns nothing of another failure', async () => {
    expect(await learnt([fake.reset()])).toEqual([])
    expect(await learnt([fake.status(400)])).toEqual([])
  })
})

describe('the rate limits in an answer', () => {
  const limits = (kind: string, limit: number, remaining: number): HeaderPairs => [
    [`x-ratelimit-limit-${kind}`, `${limit}`],
    [`x-ratelimit-remaining-${kind}`, `${remaining}`],
    [`x-ratelimit-reset-${kind}`, '6s'],
  ]
  async function told(headers: HeaderPairs) {
    const rates: number[][] = []
    const rateLeft = (share: number, resetMs: number) => rates.push([share, resetMs])
    const r = rounds({
      hedged: true,
      plan: { rateLeft },
      script: [[fake.head(200, Object.fromEntries(headers)), ...COMMITTED.slice(1)]],
    })
    const playing = r.rounds.run(false)
    await r.clock.settle()
    await playing
    r.rounds.abort('done')
    return rates
  }

  it('are learnt as the share that is left, and until when', async () => {
    expect(await told([...limits('requests', 200, 50), ...limits('tokens', 1000, 10)])).toEqual([
      [0.25, 6000],
      [0.01, 6000],
    ])
  })

  it('of 0 say nothing', async () => {
    expect(await told(limits('requests', 0, 0))).toEqual([])
    expect(await told([])).toEqual([])
  })

  it('reach the permit of the call, with or without a plan', async () => {
    for (const hedged of [true, false]) {
      const heard: HeaderPairs[] = []
      const r = rounds({ hedged, plan: { rateLeft: () => {} }, script: [COMMITTED] })
      let released = 0
      r.rounds.permit = { answered: (headers) => heard.push(headers), release: () => released++ }
      const playing = r.rounds.run(false)
      await r.clock.settle()
      await playing
      expect(heard).toHaveLength(1)
      r.rounds.abort('done')
      r.rounds.end()
      expect(released).toBe(1)
    }
  })
})

describe('a race', () => {
  const silent = async (given: Parameters<typeof rounds>[0] = {}) => {
    const r = rounds({ hedged: true, script: [fake.stall(), fake.stall(), fake.stall()], ...given })
    const playing = r.rounds.run(false)
    await r.clock.advance(10_000)
    return { ...r, playing }
  }

  it('ends all its attempts with the call', async () => {
    const r = await silent()
    expect(r.transport.requests.map(({ outcome }) => outcome)).toEqual(['open', 'open'])
    r.rounds.abort('why')
    expect(r.transport.requests.map(({ outcome }) => outcome)).toEqual(['destroyed', 'destroyed'])
    expect((await r.playing).opened).toMatchObject({ kind: 'aborted', reason: 'why' })
    expect(r.clock.pending()).toEqual([])
  })

  it('has a permit for each hedge, or none', async () => {
    let left = 0
    const leave = () => left++
    const origins: string[] = []
    const enterNow = (origin: string) => {
      origins.push(origin)
      return leave
    }
    const r = await silent({ gate: { enterNow } })
    expect(origins).toEqual(['https://api.test'])
    r.rounds.abort('done')
    await r.playing
    expect(left).toBe(1)
    const full = await silent({ gate: { enterNow: () => undefined } })
    expect(full.transport.requests).toHaveLength(1)
    full.rounds.abort('done')
  })

  it("has no more attempts than retries with hedge: 'auto'", async () => {
    const auto = await silent({ isAuto: true, maxRetries: 1 })
    await auto.clock.advance(15_000)
    expect(auto.transport.requests).toHaveLength(2)
    auto.rounds.abort('done')
    const always = await silent({ maxRetries: 1 })
    await always.clock.advance(15_000)
    expect(always.transport.requests).toHaveLength(3)
    always.rounds.abort('done')
  })
})

describe('an endpoint that was chosen', () => {
  const url = new URL('https://api.test/v1/responses')
  const NOTHING_SENT = { report: undefined, hintMs: undefined }
  const chosen = () => {
    const ends: object[] = []
    return { ends, target: { url, headers: (pairs: HeaderPairs) => pairs, ended: (end: object) => ends.push(end) } }
  }

  it('hears that nothing was sent if the call is aborted while its headers are made', async () => {
    const { ends, target } = chosen()
    let give = (_headers: HeaderPairs): void => {}
    const r = rounds({ target, headers: () => new Promise((resolve) => (give = resolve)) })
    const playing = r.rounds.run(false)
    r.scope.abort('why')
    give(HEADERS)
    await expect(playing).rejects.toBe('why')
    expect(ends).toEqual([NOTHING_SENT])
  })

  it('hears that nothing was sent if the headers cannot be made', async () => {
    const { ends, target } = chosen()
    const r = rounds({ target, headers: () => Promise.reject(new TypeError('no token')) })
    await expect(r.rounds.run(false)).rejects.toThrow('no token')
    expect(ends).toEqual([NOTHING_SENT])
  })

  it('hears that nothing was sent if the race is decided while the headers of a hedge are made', async () => {
    const { ends, target } = chosen()
    let give = (_headers: HeaderPairs): void => {}
    let n = 0
    const r = rounds({
      hedged: true,
      target: { ...target, sawLife: () => {} },
      script: [[fake.delay(12_000), ...COMMITTED]],
      headers: () => (n++ === 0 ? Promise.resolve(HEADERS) : new Promise((resolve) => (give = resolve))),
    })
    const playing = r.rounds.run(false)
    await r.clock.advance(12_000)
    await playing
    give(HEADERS)
    await r.clock.settle()
    expect(ends).toEqual([NOTHING_SENT])
    r.rounds.abort('done')
  })

  it('hears that nothing was sent if only a socket could carry the request, and it is lost', async () => {
    const { ends, target } = chosen()
    const r = rounds({ target, route: { isStrict: true, plan: () => ({ kind: 'lost', why: 'That socket is gone.' }) } })
    await expect(r.rounds.run(false)).rejects.toThrow('That socket is gone.')
    expect([ends, r.transport.requests]).toEqual([[NOTHING_SENT], []])
  })
})

describe('the error answer of a call that is passed through', () => {
  const passed = (couldRepeat: boolean) =>
    rounds({
      path: '/v1/models',
      body: {},
      couldRepeat,
      script: [[fake.status(503)]],
    })

  it('is held back if another attempt could follow, and handed over otherwise', async () => {
    const again = passed(true)
    expect((await again.rounds.run(false)).opened).toMatchObject({ kind: 'failed', failure: { status: 503 } })
    const last = passed(false)
    expect((await last.rounds.run(false)).opened.kind).toBe('committed')
  })
})

describe('a way over WebSockets', () => {
  it('is asked once per call, and planned for each attempt', async () => {
    const plans: object[] = []
    const facts = { sent: 'whole', bytesWhole: 2, bytesSent: 2, wholeBecause: 'not_upgraded' } as const
    const plan = (attempt: object) => {
      plans.push(attempt)
      return { kind: 'http', facts } as const
    }
    const r = rounds({ hedged: true, route: { isStrict: false, plan }, script: [fake.stall(), COMMITTED] })
    const playing = r.rounds.run(true)
    await r.clock.advance(10_000)
    await playing
    const url = new URL('https://api.test/v1/responses')
    expect(plans).toEqual([
      { url, headers: HEADERS, isHedge: false, isRefreshed: true },
      { url, headers: HEADERS, isHedge: true, isRefreshed: false },
    ])
    expect(r.rounds.route?.plan).toBe(plan)
    r.rounds.abort('done')
  })

  it('gives an attempt its transport and its socket', async () => {
    const sockets = rounds({ script: [COMMITTED] }).transport
    const carried: TransportRequest[] = []
    const transport = standIn<Transport>({
      name: 'websocket',
      abilities: sockets.abilities,
      send: (request: TransportRequest, observer: ExchangeObserver) => {
        carried.push(request)
        return sockets.send(request, observer)
      },
    })
    const connection = { socket: { isNew: true, release: () => {} }, strict: false }
    const facts = { sent: 'whole', bytesWhole: 2, bytesSent: 2, wholeBecause: 'no_socket' } as const
    const r = rounds({ route: { isStrict: false, plan: () => ({ kind: 'socket', transport, connection, facts }) } })
    const playing = r.rounds.run(false)
    await r.clock.settle()
    await playing
    expect([r.transport.requests.length, carried.length]).toEqual([0, 1])
    expect(carried[0]?.connection).toBe(connection)
    r.rounds.abort('done')
  })

  it('that only one socket can be is not hedged', async () => {
    const plan = () => ({ kind: 'http', facts: {} }) as const
    const r = rounds({ hedged: true, route: { isStrict: true, plan }, script: [fake.stall()] })
    void r.rounds.run(false)
    await r.clock.advance(20_000)
    expect([r.planned, r.transport.requests.length]).toEqual([[], 1])
    r.rounds.abort('done')
  })
})
