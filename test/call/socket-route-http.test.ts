import { zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { ask, assistant, HEADERS, RESPONSES, SocketsScene, user } from './socket-route-rig.ts'

let at: SocketsScene
const scene = (...given: ConstructorParameters<typeof SocketsScene>) => (at = new SocketsScene(...given))
afterEach(() => at.end())

describe('an attempt over HTTP', () => {
  const bytesOf = (json: object) => Buffer.byteLength(JSON.stringify(json))

  it.each([
    ['does not stream', ask([user('Hello')], { stream: false }), 'field:stream'],
    ['runs in the background', ask([user('Hello')], { background: true }), 'field:background'],
    ['has a field that a message needs for itself', ask([user('Hello')], { type: 'x' }), 'field:type'],
    ['has another such field', ask([user('Hello')], { stream_id: 'x' }), 'field:stream_id'],
  ])('is one of a request that %s', (_what, json, wholeBecause) => {
    scene()
    const bytes = bytesOf(json)
    expect(at.call(json).plan()).toEqual({
      kind: 'http',
      facts: { sent: 'whole', bytesWhole: bytes, bytesSent: bytes, wholeBecause },
    })
    expect(at.wires.all).toEqual([])
  })

  it('is one of a request with a dispatcher', () => {
    scene()
    expect(at.call(ask(), { dispatcher: {} }).because()).toBe('http no_socket')
  })

  it('is one of a request whose body cannot be read, with its length if that is known', () => {
    scene()
    const open = async function* () {}
    const stream = (length: number | undefined) => ({ kind: 'stream', replayable: true, length, open }) as const
    const text = (of: string) => ({ kind: 'bytes', bytes: Buffer.from(of) }) as const
    const facts = [stream(7), stream(undefined), { kind: 'none' } as const, text('['), text('[1]'), text('5')].map(
      (body) => at.call(ask(), { body }).plan(),
    )
    expect(facts.map((plan) => plan.kind === 'http' && [plan.facts.wholeBecause, plan.facts.bytesSent])).toEqual([
      ['body', 7],
      ['body', 0],
      ['body', 0],
      ['body', 1],
      ['body', 3],
      ['body', 1],
    ])
  })

  it('is one of a compressed request, unless its coding is known', () => {
    scene()
    const body = { kind: 'bytes', bytes: zstdCompressSync(Buffer.from(JSON.stringify(ask()))) } as const
    const coded = (coding: string) => ({ headers: [...HEADERS, ['content-encoding', coding]] as const })
    expect(at.call(ask(), { body }).because(coded('zstd'))).toBe('socket no_socket')
    expect(at.call(ask(), { body }).because(coded('x-none'))).toBe('http body')
  })

  it('is one of a message larger than maxMessageBytes, which is exact', () => {
    const bytes = bytesOf(ask()) + '{"type":"response.create"'.length
    scene({ maxMessageBytes: bytes })
    expect(at.call().because()).toBe('socket no_socket')
    expect(at.call(ask([user('Hello!')])).because()).toBe('http size')
  })

  it('does not apply to a large request whose increment is small, up to the limit', async () => {
    const long = user('x'.repeat(2000))
    scene({ maxMessageBytes: 2500 })
    const wire = await at.call(ask([long])).turn('resp_1', [assistant('y'.repeat(1000))])
    const next = ask([long, assistant('y'.repeat(1000)), user('And?')])
    const plan = at.call(next).onSocket()
    expect(plan.facts.sent).toBe('incremental')
    await at.serve(plan, 'resp_2', [])
    expect(at.wires.all).toEqual([wire])
    expect(at.call(ask([...(next.input as object[]), user('z'.repeat(2500))])).because()).toBe('http size')
  })
})

describe('an address that does not upgrade', () => {
  const refused = (given: ConstructorParameters<typeof SocketsScene>[0] = {}) => {
    scene({ fallbackMs: 60_000, ...given })
    at.fallback.refused(at.source.keyOf(RESPONSES, HEADERS))
  }
  const probe = async () => {
    await at.clock.advance(60_000)
    expect(at.call(ask(), { connectMs: 5000 }).because()).toBe('http not_upgraded')
    expect(at.wires.all).toHaveLength(1)
  }

  it('is used over HTTP until fallbackMs is over, then probed beside one call', async () => {
    refused()
    expect(at.call().because()).toBe('http not_upgraded')
    await at.clock.advance(59_999)
    expect(at.call().because()).toBe('http not_upgraded')
    expect(at.wires.all).toEqual([])
    await at.clock.advance(1)
    expect([at.call().because(), at.call().because()]).toEqual(['http not_upgraded', 'http not_upgraded'])
    expect(at.wires.all).toHaveLength(1)
  })

  it('is used over sockets again when it has upgraded the probe', async () => {
    refused()
    await probe()
    at.wires.last.open()
    expect(at.call().because()).toBe('socket no_socket')
    expect(at.wires.all).toHaveLength(1)
  })

  it('is used over HTTP for as long again when it refuses the probe, or does not answer within connectMs', async () => {
    for (const end of ['refused', 'silent']) {
      refused()
      await probe()
      if (end === 'refused') at.wires.last.end({ kind: 'refused', status: 426, headers: [], body: Buffer.of() })
      else await at.clock.advance(5000)
      expect(at.wires.last.isDestroyed).toBe(true)
      await at.clock.advance(59_999)
      expect(at.call().because()).toBe('http not_upgraded')
      expect(at.wires.all).toHaveLength(1)
      await at.clock.advance(1)
      at.call().because()
      expect(at.wires.all).toHaveLength(2)
      if (end === 'refused') await at.end()
    }
  })

  it('is probed by the next call if there was no room for the probe, or its place was needed', async () => {
    refused({ maxSockets: 1 })
    const other = at.source.keyOf(new URL('https://api.test/v1/other'), HEADERS)
    const lease = at.transport.pool.leaseAny(other, { fresh: false, bytes: 1 })
    await at.clock.advance(60_000)
    expect(at.call().because()).toBe('http not_upgraded')
    expect(at.wires.all).toEqual([])
    lease?.release()
    at.call().because()
    expect(at.wires.all).toHaveLength(1)
    // Another connection needs the place of the probe.
    expect(at.transport.pool.endIdle('https://api.test')).toBe(true)
    expect(at.call().because()).toBe('http not_upgraded')
    expect(at.wires.all).toHaveLength(2)
  })
})
