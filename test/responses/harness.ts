import { expect } from 'vitest'
import type { ResilientClientOptions } from '../../src/index.ts'
import { scenario as clientScenario } from '../client/harness.ts'

type Script = Parameters<typeof clientScenario>[0]

/** The scenario of a client, with its typed API at hand. */
export function scenario(script: Script, options: ResilientClientOptions = {}) {
  const base = clientScenario(script, { baseURL: 'https://api.test/v1', ...options })
  return { ...base, responses: base.client.responses }
}

export type Scenario = ReturnType<typeof scenario>

/** Reads a stream to its end: its events, and how it ended. */
export async function collect<E>(stream: AsyncIterable<E>): Promise<{ events: E[]; error: unknown }> {
  const events: E[] = []
  try {
    for await (const event of stream) events.push(event)
    return { events, error: undefined }
  } catch (error) {
    return { events, error }
  }
}

/** Collects in virtual time. */
export async function collected<E>(s: Scenario, stream: AsyncIterable<E>): Promise<{ events: E[]; error: unknown }> {
  const { value } = await s.settle(collect(stream))
  expect(value).toBeDefined()
  return value as { events: E[]; error: unknown }
}
