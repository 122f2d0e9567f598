import { createOpenAI } from '@ai-sdk/openai'
import { jsonSchema, streamText, type Tool, tool } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
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
import { collect, inParallel } from './support/calls.ts'
import { BEFORE_COMMIT, LINGERING, pick } from './support/faults.ts'
import { expectNothingLeft } from './support/nothing-left.ts'
import { inVirtualTime } from './support/virtual-time.ts'

const CALLS = 200
const CONCURRENCY = 20
/** As many as the default number of retries can ride out. */
const MOST_FAULTS = 4

/** What the endpoint sends for a call: texts, reasoning before a text, and tool calls, in turn. */
function answerTo(call: string): StreamEvent[] {
  const id = `resp_call${call}`
  switch (Number(call) % 3) {
    case 0:
      return textStream({ id, text: `The answer to call ${call}, in a few words — 5 ½ of them “quoted”.` })
    case 1:
      return reasoningStream({ id, summary: `Thinking about ${call}.`, text: `Thought about ${call}.` })
    default:
      return toolCallStream({ id, calls: [{ name: 'get_weather', arguments: { city: `City ${call}` } }] })
  }
}

/** A server on which every call meets 0 to 4 faults, and a client that cuts at 300 ms of silence. */
async function misbehavingServer(seed: number) {
  const server = await MockResponsesServer.start({ respond: ({ call }) => answerTo(call ?? '0') })
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
  const client = new ResilientClient({
    clock,
    timeouts: { ttfbMs: 300 },
    // Two faults a call on average, without end: no budget is made for that.
    retry: { budget: false },
  })
  const inTime = <T>(work: Promise<T>) => inVirtualTime(work, { clock, client, server })
  return {
    server,
    client,
    inTime,
    async expectAllMet(): Promise<void> {
      // Sockets that linger are given up 100 ms after the end of their call.
      await inTime(expectNothingLeft(client, server))
      clock.assertNothingPending()
      server.assertConsumed()
      expect(server.requests).toHaveLength(CALLS + faults)
      await server.close()
    },
  }
}

describe('hosts on an endpoint where every call meets up to four faults', { timeout: 120_000 }, () => {
  it('openai streams every call to its end, event by event as the endpoint sent it', async () => {
    const { server, client, inTime, expectAllMet } = await misbehavingServer(1)
    const openai = new OpenAI({ apiKey: 'key', baseURL: server.baseURL, fetch: client.fetch, maxRetries: 0 })
    const received = await inTime(
      inParallel(CALLS, CONCURRENCY, async (call) => {
        const stream = await openai.responses.create(
          { model: 'gpt-5.2', input: 'hi', stream: true },
          { headers: { 'x-mock-call': String(call) } },
        )
        return collect(stream)
      }),
    )
    for (const [call, events] of received.entries()) expect(events).toEqual(answerTo(String(call)))
    await expectAllMet()
  })

  it('ai with @ai-sdk/openai streams every call to its end, as the endpoint sent it', async () => {
    const { server, client, inTime, expectAllMet } = await misbehavingServer(2)
    const provider = createOpenAI({ apiKey: 'key', baseURL: server.baseURL, fetch: client.fetch })
    const inputSchema = jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } })
    const results = await inTime(
      inParallel(CALLS, CONCURRENCY, async (call) => {
        const result = streamText({
          model: provider.responses('gpt-5.2'),
          prompt: 'hi',
          tools: { get_weather: tool({ inputSchema }) as Tool },
          headers: { 'x-mock-call': String(call) },
          maxRetries: 0,
          onError: () => {},
        })
        const parts = await collect(result.fullStream)
        const errors = parts.flatMap((part) => (part.type === 'error' ? [part.error] : []))
        const cities = (await result.toolCalls).map(({ input }) => (input as { city: string }).city)
        return {
          errors,
          id: (await result.response).id,
          text: await result.text,
          reasoning: await result.reasoningText,
          cities,
        }
      }),
    )
    const nothing = { errors: [], text: '', reasoning: undefined, cities: [] }
    for (const [call, result] of results.entries()) {
      const expected = [
        { text: `The answer to call ${call}, in a few words — 5 ½ of them “quoted”.` },
        { reasoning: `Thinking about ${call}.`, text: `Thought about ${call}.` },
        { cities: [`City ${call}`] },
      ][call % 3]
      expect(result).toEqual({ ...nothing, id: `resp_call${call}`, ...expected })
    }
    await expectAllMet()
  })
})
