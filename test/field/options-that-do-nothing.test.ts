import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import {
  type CallOptions,
  ConfigurationError,
  fetchTransport,
  ResilientClient,
  type ResilientClientOptions,
  type TelemetryEvent,
  undiciTransport,
} from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { ASKED, QUICK } from './support/play.ts'

const AT = { baseURL: 'https://a.test/v1' }
const AT_FORWARDED = "endpoints.0.forwardHeaders['Host']"

function refusal(act: () => unknown): ConfigurationError {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('an option without an effect', () => {
  it('`limits.headerBytes` is refused in a view', async () => {
    await using client = new ResilientClient()
    const error = refusal(() => client.withOptions({ limits: { headerBytes: 1024 } } as CallOptions))
    expect(error.path).toBe('limits.headerBytes')
    expect(error.message).toContain('shares the connections of its client')
  })

  it.each<[options: ResilientClientOptions, path: string, other: string]>([
    [{ commitAfterMs: 600_000 }, 'commitAfterMs', 'beforeCommitMs (540000'],
    [{ timeouts: { idleMs: 60_000, staleMs: 20_000 } }, 'timeouts.idleMs', 'timeouts.staleMs (20000'],
    [{ retry: { baseDelayMs: 30_000 } }, 'retry.baseDelayMs', 'retry.maxDelayMs (20000'],
  ])('is refused beside what makes it useless, defaults included: %j', (options, path, other) => {
    const error = refusal(() => new ResilientClient(options))
    expect(error.path).toBe(path)
    expect(error.message).toContain(other)
  })

  it.each<[make: () => unknown, path: string, says: string]>([
    [() => new ResilientClient({ isolation: 'fresh', keepAliveMs: 5000 }), 'keepAliveMs', "isolation: 'fresh'"],
    [() => undiciTransport({ isolation: 'fresh', keepAliveMs: 5000 }), 'keepAliveMs', 'keepAliveMs (5000)'],
    [() => new ResilientClient({ tls: { passphrase: 'swordfish' } }), 'tls.passphrase', 'without tls.key'],
    [() => undiciTransport({ tls: { passphrase: 'swordfish' } }), 'tls.passphrase', 'without tls.key'],
    [() => undiciTransport({ tls: { cert: 'c' } }), 'tls', 'belong together'],
    [() => undiciTransport({ tls: { key: 'k', passphrase: 'swordfish' } }), 'tls', 'belong together'],
    [() => new ResilientClient({ tls: { cert: 'c' } }), 'tls', 'belong together'],
    [() => new ResilientClient({ headers: { Host: 'api.test' } }), "headers['Host']", 'set baseURL'],
    [
      () => new ResilientClient({ headers: { connection: 'close' } }),
      "headers['connection']",
      'sets this header itself',
    ],
    [() => new ResilientClient({ headers: { 'content-length': '5' } }), "headers['content-length']", 'Leave it out.'],
    [() => new ResilientClient().withOptions({ headers: { host: 'a' } }), "headers['host']", 'no effect'],
    [() => new ResilientClient({ endpoints: [{ ...AT, headers: { host: 'a' } }] }), "endpoints.0.headers['host']", ''],
    [() => new ResilientClient({ endpoints: [{ ...AT, forwardHeaders: ['Host'] }] }), AT_FORWARDED, ''],
    [() => new ResilientClient().responses.stream(ASKED, { headers: { host: 'a' } }), "options.headers['host']", ''],
  ])('is refused with what to do: %s', (make, path, says) => {
    const error = refusal(make)
    expect(error.path).toBe(path)
    expect(error.message).toContain(says)
    expect(error.message).not.toContain('swordfish')
  })

  it('`keepAliveMs: 0` says what `fresh` says, and is accepted', () => {
    expect(() => new ResilientClient({ isolation: 'fresh', keepAliveMs: 0 })).not.toThrow()
  })

  it('a header of the connection is passed to a wrapped `fetch`, from the client and from a call', async () => {
    const seen: Array<string | null> = []
    const transport = fetchTransport(async (input, init) => {
      seen.push(new Request(input, init).headers.get('host'))
      return Response.json({ id: 'resp_1', status: 'completed', output: [] })
    })
    await using client = new ResilientClient({ transport, headers: { host: 'inner.test' } })
    await client.responses.create(ASKED)
    await client.responses.create(ASKED, { headers: { host: 'other.test' } })
    expect(seen).toEqual(['inner.test', 'other.test'])
  })

  it('an address without a scheme is refused with its value and the address to write', () => {
    const error = refusal(() => new ResilientClient({ baseURL: 'api.openai.com/v1' }))
    expect(error.message).toContain("got 'api.openai.com/v1', an address without a scheme")
    expect(error.message).toContain("write 'https://api.openai.com/v1'")
  })
})

describe('two clients on one transport', () => {
  it('publish each event of a cached client once, and each client calls its listener', async () => {
    const body = frames({ type: 'response.completed', response: { id: 'resp_1', status: 'completed', output: [] } })
    await using server = await fieldServer([streamAnswer(body)])
    const published: unknown[] = []
    const types = ['client_created', 'client_evicted', 'client_destroyed'] as const
    const onEvent = (event: unknown): void => void published.push(event)
    for (const type of types) subscribe(`resilient-responses:${type}`, onEvent)
    const heard: TelemetryEvent['type'][][] = [[], []]
    const transport = undiciTransport()
    const options = { ...QUICK, apiKey: 'sk-field', baseURL: server.baseURL, transport }
    const [first, second] = heard.map(
      (types) => new ResilientClient({ ...options, onEvent: ({ type }) => void types.push(type) }),
    ) as [ResilientClient, ResilientClient]
    try {
      await first.responses.create(ASKED)
      await second.close()
      await transport.close()
      await first.close()
    } finally {
      for (const type of types) unsubscribe(`resilient-responses:${type}`, onEvent)
    }
    const told = published.map((event) => (event as TelemetryEvent).type)
    expect(told).toEqual([...new Set(told)])
    expect(told).toContain('client_created')
    expect(told).toContain('client_destroyed')
    const ofCache = heard.map((types) => types.filter((type) => type.startsWith('client_')))
    expect(ofCache[0]).toEqual(told)
    // It listened until it was closed.
    expect(ofCache[1]).toEqual(['client_created'])
  })
})
