/**
 * The incident: after a lost upstream session a recovery path answered `400 previous_response_not_found`. The agent took
 * its conversation for gone, dropped `previous_response_id` and sent its whole history again: 853 K tokens in 17 turns
 * instead of about 80 K.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findResilientError, ResilientClient } from '../../src/index.ts'
import { textStream, VirtualClock } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { outcomeOf, post, readAll } from '../e2e/support/calls.ts'
import { expectNothingLeft } from '../e2e/support/nothing-left.ts'

const TURNS = 17
const NEW_INPUT = 'What the tools gave back in this turn. '.repeat(100)

/** The session is lost on the way: the request was sent, and the connection dies. */
const LOST: Fault = { at: 'headers', effect: 'reset' }

let server: MockResponsesServer

beforeEach(async () => {
  server = await MockResponsesServer.start({
    respond: ({ number }) => textStream({ id: `resp_${number}`, text: 'Go on.' }),
  })
})

afterEach(async () => {
  server.assertConsumed({ allowMore: true })
  await server.close()
})

/** What the agent had: a recovery path that takes a lost connection for a lost conversation. */
const naiveFetch: typeof fetch = async (input, init) => {
  try {
    return await globalThis.fetch(input, init)
  } catch {
    const error = {
      code: 'previous_response_not_found',
      message: 'Previous response not found.',
      param: 'previous_response_id',
    }
    return Response.json({ error }, { status: 400 })
  }
}

/** An agent at work: each turn sends its new input; a lost conversation is begun again with everything said so far. */
async function converse(fetch: typeof globalThis.fetch): Promise<void> {
  const history: string[] = []
  let previous: string | undefined
  for (let turn = 1; turn <= TURNS; turn++) {
    const call = `turn ${turn}`
    history.push(NEW_INPUT)
    let response = await post(fetch, server, { call, body: { input: NEW_INPUT, previous_response_id: previous } })
    if (response.status === 400 && (await response.text()).includes('previous_response_not_found')) {
      response = await post(fetch, server, { call, body: { input: history.join('') } })
    }
    previous = /"id":"(resp_\d+)"/.exec(await response.text())?.[1]
  }
}

describe('17 turns, each of which loses its upstream session once', () => {
  const tokens = Math.ceil(NEW_INPUT.length / 4)

  beforeEach(() => {
    // The first turn has nothing to lose.
    for (let turn = 2; turn <= TURNS; turn++) server.script([LOST, 'ok'], { call: `turn ${turn}` })
  })

  it('make a naive agent send its whole history again and again', async () => {
    await converse(naiveFetch)
    expect(server.requests.at(-1)?.inputTokens).toBe(TURNS * tokens)
    expect(server.stats.inputTokens).toBeGreaterThan(8 * TURNS * tokens)
  })

  it('cost each turn its own new input once more, and nothing else', async () => {
    const client = new ResilientClient({ random: () => 0 })
    await converse(client.fetch)
    expect(server.requests).toHaveLength(2 * TURNS - 1)
    for (const request of server.requests) expect(request.inputTokens).toBe(tokens)
    for (const request of server.requests.slice(1)) expect(request.json).toHaveProperty('previous_response_id')
    await expectNothingLeft(client, server)
  })
})

/** Every transport failure that a continuation can come to, and how its error speaks of the conversation. */
const FAILURES: ReadonlyArray<readonly [string, Fault, { code: string; continuity: string }]> = [
  [
    'silence before the answer',
    { at: 'headers', effect: 'stall' },
    { code: 'ttfb_timeout', continuity: 'upstream_request_timeout' },
  ],
  [
    'silence behind the headers',
    { at: 'before_event', event: 0, effect: 'stall' },
    { code: 'ttfb_timeout', continuity: 'upstream_request_timeout' },
  ],
  [
    'silence in the prelude',
    { at: 'before_event', event: 2, effect: 'stall' },
    { code: 'idle_timeout', continuity: 'upstream_request_timeout' },
  ],
  ['a reset before the answer', LOST, { code: 'connection_reset', continuity: 'upstream_unavailable' }],
  [
    'a close before the answer',
    { at: 'headers', effect: 'eof' },
    { code: 'connection_closed', continuity: 'upstream_unavailable' },
  ],
  [
    'no HTTP at all',
    { at: 'headers', effect: 'garbage' },
    { code: 'protocol_error', continuity: 'upstream_unavailable' },
  ],
  [
    'a reset in the prelude',
    { at: 'before_event', event: 2, effect: 'reset' },
    { code: 'connection_reset', continuity: 'upstream_unavailable' },
  ],
  [
    'an end in the prelude',
    { at: 'before_event', event: 2, effect: 'eof' },
    { code: 'stream_incomplete', continuity: 'stream_incomplete' },
  ],
  [
    'half an event, then a FIN',
    { at: 'inside_event', event: 1, effect: 'half_close' },
    { code: 'connection_closed', continuity: 'upstream_unavailable' },
  ],
]

/** Everything that an error says, through all its causes. */
function everythingSaid(error: unknown): string {
  const said: string[] = []
  for (let at = error; at instanceof Error; at = at.cause)
    said.push(at.name, at.message, String((at as { code?: unknown }).code))
  return said.join('\n')
}

describe('a continuation', () => {
  const ANCHORED = { previous_response_id: 'resp_before', store: true }

  /** Silence ends when the test moves the time on: a slow machine cannot be taken for a silent endpoint. */
  const SILENCE_MS = 2000
  let clock: VirtualClock

  function connect(): ResilientClient {
    server.remember('resp_before')
    clock = new VirtualClock()
    const timeouts = { ttfbMs: 1000, idleMs: SILENCE_MS }
    return new ResilientClient({ clock, maxRetries: 2, timeouts, retry: { budget: false }, random: () => 0 })
  }

  async function waitOut(fault: Fault, times: number): Promise<void> {
    for (let n = 1; n <= times && fault.effect === 'stall'; n++) {
      await server.waitFor('fault', n)
      await clock.advance(SILENCE_MS)
    }
  }

  it.each(FAILURES)('sends the same bytes on every attempt: %s', async (_name, fault) => {
    const client = connect()
    server.script([fault, fault, 'ok'])
    const init = {
      method: 'POST',
      headers: { authorization: 'Bearer sk-test' },
      body: JSON.stringify({ model: 'm', input: 'ü — 1', stream: true, ...ANCHORED }, null, 2),
    }
    const call = client.fetch(`${server.baseURL}/responses`, init)
    await waitOut(fault, 2)
    const { text, error } = await readAll(await call)
    expect(error).toBeUndefined()
    expect(text).toContain('"response.completed"')
    expect(server.requests.map(({ body }) => String(body))).toEqual([init.body, init.body, init.body])
    await expectNothingLeft(client, server)
  })

  it.each(FAILURES)(
    'fails with a retriable error that never reads as a lost conversation: %s',
    async (_name, fault, expected) => {
      const client = connect()
      server.script([fault, fault, fault])
      const call = outcomeOf(post(client.fetch, server, { body: ANCHORED }))
      await waitOut(fault, 3)
      const { error } = await call
      expect(findResilientError(error)).toMatchObject({
        ...expected,
        retryable: true,
        replaySafety: 'safe',
        giveUpReason: 'retries_exhausted',
      })
      expect(everythingSaid(error)).not.toMatch(/not.?found|previous.?response|conversation/i)
      await expectNothingLeft(client, server)
    },
  )

  it('on a port without a listener is refused, can be retried, and is not a lost conversation', async () => {
    const client = connect()
    server.refuseConnections()
    const call = outcomeOf(post(client.fetch, server, { body: ANCHORED }))
    let over = false
    void call.then(() => {
      over = true
    })
    while (!over) await clock.advance(1000)
    expect(findResilientError((await call).error)).toMatchObject({
      code: 'connection_refused',
      continuity: 'upstream_unavailable',
      retryable: true,
    })
    expect(everythingSaid((await call).error)).not.toMatch(/not.?found|previous.?response|conversation/i)
    await client.close()
  })

  it('interrupted after output says so, and keeps the id of the response', async () => {
    const client = connect()
    server.script([{ at: 'before_event', event: 5, effect: 'eof' }])
    const { error } = await readAll(await post(client.fetch, server, { body: ANCHORED }))
    expect(findResilientError(error)).toMatchObject({
      name: 'StreamInterruptedError',
      continuity: 'stream_incomplete',
      responseId: 'resp_1',
    })
    expect(everythingSaid(error)).not.toMatch(/not.?found|previous.?response|conversation/i)
    await expectNothingLeft(client, server)
  })

  it('gets a genuine not-found as the endpoint gave it, once', async () => {
    const client = connect()
    server.forget('resp_before')
    const response = await post(client.fetch, server, { body: ANCHORED })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'previous_response_not_found', param: 'previous_response_id' },
    })
    expect(server.requests).toHaveLength(1)
    await expectNothingLeft(client, server)
  })
})

describe('a call whose second send could double a turn (conversation, background)', () => {
  it.each([{ conversation: 'conv_1' }, { background: true }])(
    '%o: is not repeated once it may have been acted on',
    async (body) => {
      const client = new ResilientClient()
      server.script([LOST])
      const { error } = await outcomeOf(post(client.fetch, server, { body }))
      expect(findResilientError(error)).toMatchObject({
        code: 'connection_reset',
        replaySafety: 'unknown',
        giveUpReason: 'not_replayable',
      })
      expect(server.requests).toHaveLength(1)
      await expectNothingLeft(client, server)
    },
  )

  it('is repeated when the endpoint refused it, with the same bytes', async () => {
    const client = new ResilientClient({ retry: { baseDelayMs: 1 } })
    server.script([{ at: 'headers', effect: 'status', status: 503 }, 'ok'])
    const { error } = await readAll(await post(client.fetch, server, { body: { conversation: 'conv_1' } }))
    expect(error).toBeUndefined()
    expect(server.requests[1]?.body).toEqual(server.requests[0]?.body)
    await expectNothingLeft(client, server)
  })
})
