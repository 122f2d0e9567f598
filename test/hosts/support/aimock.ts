import { type Fixture, LLMock } from '@copilotkit/aimock'
import { expect } from 'vitest'
import { nextTurn } from '../../../src/core/turn.ts'
import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../../src/index.ts'
import { VirtualClock } from '../../../src/testing/index.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import type { Answer, Host, HostClient, Part } from './host.ts'

/** What a request is answered with: the response of a fixture, and what happens on its way. */
export type Step = Omit<Fixture, 'match'>

export interface AimockWorld extends AsyncDisposable {
  readonly client: ResilientClient
  readonly host: HostClient
  readonly events: readonly TelemetryEvent[]
  /** Status of each answer, in order; 0 for a connection that was closed instead. */
  statuses(): number[]
}

/** The typed API in the shape of a host, so that one test speaks to all of them. */
export const TYPED: Pick<Host, 'name' | 'kind'> & { connect(client: ResilientClient): HostClient } = {
  name: 'typed API',
  kind: 'openai',
  connect: (client) => ({
    async *stream() {
      const stream = client.responses.stream(REQUEST)
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') yield { type: 'text', text: String(event.delta) }
        if (event.type === 'response.reasoning_summary_text.delta')
          yield { type: 'reasoning', text: String(event.delta) }
      }
      yield* ending(await stream.finalResponse())
    },
    async create(): Promise<Answer> {
      const response = await client.responses.create(REQUEST)
      return {
        id: response.id,
        text: response.output_text,
        reasoning: '',
        toolCalls: calls(response),
        finished: response.status === 'completed',
      }
    },
  }),
}

const REQUEST = { model: 'gpt-5.2', input: 'hi' } as const

type Final = Awaited<ReturnType<ResilientClient['responses']['create']>>

function calls({ output }: Final): Array<{ name: string; input: unknown }> {
  return output.flatMap((item) =>
    item.type === 'function_call' ? [{ name: String(item.name), input: JSON.parse(String(item.arguments)) }] : [],
  )
}

function* ending(response: Final): Generator<Part> {
  for (const { name, input } of calls(response)) yield { type: 'tool_call', name, input }
  if (response.status === 'completed') yield { type: 'finish', id: response.id }
}

/**
 * aimock on a port of its own: the n-th request is answered by the n-th step, one beyond the last by 404. Time is virtual, so that
 * nobody waits for a back-off or a hint: each is over once it has been decided. When the world ends, nothing may be left.
 */
export async function aimockWorld(
  connect: (client: ResilientClient, baseURL: string) => HostClient,
  steps: readonly Step[],
  options: ResilientClientOptions = {},
): Promise<AimockWorld> {
  const mock = new LLMock({ port: 0, host: '127.0.0.1' })
  for (const [sequenceIndex, step] of steps.entries())
    mock.addFixture({ match: { userMessage: 'hi', sequenceIndex }, ...step })
  await mock.start()
  const { port } = mock
  const clock = new VirtualClock()
  const events: TelemetryEvent[] = []
  let waits = Promise.resolve()
  const baseURL = `${mock.url}/v1`
  const client = new ResilientClient({
    baseURL,
    apiKey: 'key',
    clock,
    onEvent(event) {
      events.push(event)
      if (event.type !== 'retry_decision' || !event.decision.retry) return
      const { delayMs } = event.decision
      // The wait is armed after this; a clock moves on for one wait at a time.
      waits = waits.then(nextTurn).then(() => clock.advance(delayMs))
    },
    ...options,
  })
  return {
    client,
    host: connect(client, baseURL),
    events,
    statuses: () => mock.getRequests().map(({ response }) => response.status),
    async [Symbol.asyncDispose]() {
      await client.destroy()
      await mock.stop()
      expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0 })
      await noClientSocketsLeft(port)
    },
  }
}
