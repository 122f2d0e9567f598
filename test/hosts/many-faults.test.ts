import { describe, expect, inject, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import {
  reasoningStream,
  type StreamEvent,
  seededRandom,
  textStream,
  toolCallStream,
  VirtualClock,
} from '../../src/testing/index.ts'
import { MockResponsesServer, type ScriptEntry } from '../../src/testing/server.ts'
import { collect, inParallel } from '../e2e/support/calls.ts'
import { BEFORE_COMMIT, LINGERING, pick } from '../e2e/support/faults.ts'
import { expectNothingLeft } from '../e2e/support/nothing-left.ts'
import { inVirtualTime } from '../e2e/support/virtual-time.ts'
import { type Answer, answerOf } from './support/host.ts'
import { loadHosts } from './support/hosts.ts'

const CALLS = 200
const CONCURRENCY = 20
/** As many as the default number of retries can ride out. */
const MOST_FAULTS = 4

/** What the endpoint sends for a call: texts, reasoning before a text, and tool calls, in turn. */
function eventsOf(call: number): StreamEvent[] {
  const id = `resp_call${call}`
  const { text, reasoning, toolCalls } = expectedOf(call)
  if (toolCalls.length > 0) {
    const calls = toolCalls.map(({ name, input }) => ({ name, arguments: input as object }))
    return toolCallStream({ id, calls })
  }
  return reasoning === '' ? textStream({ id, text }) : reasoningStream({ id, summary: reasoning, text })
}

function expectedOf(call: number): Answer {
  const answer = { id: `resp_call${call}`, text: '', reasoning: '', toolCalls: [], finished: true }
  switch (call % 3) {
    case 0:
      return { ...answer, text: `The answer to call ${call}, in a few words — 5 ½ of them “quoted”.` }
    case 1:
      return { ...answer, text: `Thought about ${call}.`, reasoning: `Thinking about ${call}.` }
    default:
      return { ...answer, toolCalls: [{ name: 'get_weather', input: { city: `City ${call}` } }] }
  }
}

/** A server on which every call meets 0 to 4 faults, and a client that cuts at 300 ms of silence. */
async function misbehavingServer(seed: number) {
  const server = await MockResponsesServer.start({ respond: ({ call }) => eventsOf(Number(call)) })
  const random = seededRandom(seed)
  let faults = 0
  for (let call = 0; call < CALLS; call++) {
    const kinds = Array.from({ length: Math.floor(random() * (MOST_FAULTS + 1)) }, () =>
      pick(random, Object.values(BEFORE_COMMIT)),
    )
    const script: ScriptEntry[] = [...kinds, random() < 0.5 ? LINGERING : 'ok']
    faults += kinds.length
    server.script(script, { call: String(call) })
  }
  const clock = new VirtualClock()
  // Two faults a call on average, without end: no budget is made for that.
  const client = new ResilientClient({ clock, timeouts: { ttfbMs: 300 }, retry: { budget: false } })
  const inTime = <T>(work: Promise<T>) => inVirtualTime(work, { clock, client, server })
  return {
    server,
    client,
    inTime,
    async expectAllMet(): Promise<void> {
      // Sockets that linger are given up 100 ms after the end of their call.
      await inTime(expectNothingLeft(client, server))
      clock.assertNothingPending()
      server.assertConsumed({ allowMore: true })
      expect(server.requests).toHaveLength(CALLS + faults)
      await server.close()
    },
  }
}

const hosts = await loadHosts(inject('full'))

describe.each(hosts)('$name, on an endpoint with up to four faults per call', (host) => {
  it('streams every call to its end, as the endpoint sent it', { timeout: 120_000 }, async () => {
    const { server, client, inTime, expectAllMet } = await misbehavingServer(hosts.indexOf(host) + 1)
    const connection = host.connect({ baseURL: server.baseURL, fetch: client.fetch, maxRetries: 0 })
    const events = connection.sdk?.events
    const received = await inTime(
      inParallel<unknown>(CALLS, CONCURRENCY, (call) =>
        events ? collect(events({ call: String(call) })) : answerOf(connection.stream({ call: String(call) })),
      ),
    )
    for (const [call, each] of received.entries()) expect(each).toEqual(events ? eventsOf(call) : expectedOf(call))
    await expectAllMet()
  })
})
