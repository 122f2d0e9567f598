import { getEventListeners } from 'node:events'
import { expect } from 'vitest'
import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../src/index.ts'
import { FakeTransport, seededRandom, VirtualClock } from '../../src/testing/index.ts'

export const URL_RESPONSES = 'https://api.test/v1/responses'

type Script = ConstructorParameters<typeof FakeTransport>[0]

/** A client on a scripted transport in virtual time, and the check that a scenario left nothing behind. */
export function scenario(script: Script, options: ResilientClientOptions = {}) {
  const clock = new VirtualClock()
  const transport = new FakeTransport(script, { clock })
  const events: TelemetryEvent[] = []
  const controller = new AbortController()
  const client = new ResilientClient({
    transport,
    clock,
    random: seededRandom(1),
    onEvent: (event) => events.push(event),
    ...options,
  })
  const post = (body: object = {}, init: RequestInit = {}): Promise<Response> =>
    client.fetch(URL_RESPONSES, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'hi', stream: true, ...body }),
      signal: controller.signal,
      ...init,
    })
  return {
    clock,
    transport,
    events,
    controller,
    client,
    post,
    /** The retry decisions of the scenario, in order. */
    decisions: () =>
      events.flatMap((event) => (event.type === 'retry_decision' ? [{ code: event.code, ...event.decision }] : [])),
    /** Waits in virtual time until `promise` has settled, and gives its outcome. */
    async settle<T>(promise: Promise<T>): Promise<{ value?: T; error?: unknown }> {
      let outcome: { value?: T; error?: unknown } | undefined
      promise.then(
        (value) => (outcome = { value }),
        (error) => (outcome = { error }),
      )
      await clock.settle()
      for (let i = 0; outcome === undefined && i < 10_000; i++) {
        const next = clock.pending()[0]
        if (next === undefined) throw new Error('nothing is pending and the promise has not settled')
        await clock.advance(Math.max(0, next.dueMs - clock.now()))
      }
      if (outcome === undefined) throw new Error('the promise has not settled')
      return outcome
    },
    async nothingIsLeft(expected: { allowHangUp?: boolean } = {}): Promise<void> {
      await clock.advance(200)
      transport.assertConsumed(expected)
      transport.assertNothingLeft()
      clock.assertNothingPending()
      expect(client.stats().activeCalls).toBe(0)
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
      const count = (type: TelemetryEvent['type']): number => events.filter((event) => event.type === type).length
      expect(count('attempt_start')).toBe(count('attempt_end'))
      expect(count('call_start')).toBe(count('call_end'))
    },
  }
}

/** Reads a body to its end: what came, and how it ended. */
export async function readAll(response: Response): Promise<{ text: string; error: unknown }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true })
    return { text, error: undefined }
  } catch (error) {
    return { text, error }
  }
}
