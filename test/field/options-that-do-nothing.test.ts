import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import {
  type CallOptions,
  ConfigurationError,
  ResilientClient,
  type ResilientClientOptions,
  type TelemetryEvent,
  undiciTransport,
} from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { ASKED, QUICK } from './support/play.ts'

function refusal(act: () => unknown): ConfigurationError {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('an option that does nothing', () => {
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

  it('an address without a scheme is refused with its value and with the address to write', () => {
    const error = refusal(() => new ResilientClient({ baseURL: 'api.openai.com/v1' }))
    expect(error.message).toContain("got 'api.openai.com/v1', an address without a scheme")
    expect(error.message).toContain("write 'https://api.openai.com/v1'")
  })
})

describe('two clients on one transport', () => {
  it('publish each event of a cached client once, and each tells its own listener', async () => {
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
