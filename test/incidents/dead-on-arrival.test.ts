/**
 * The incident: the endpoint accepted TCP and TLS and never sent one stream event, for about one call in five. A fresh
 * connection answered in two seconds. The only guard was a wall clock of 90 s and more.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findResilientError, ResilientClient } from '../../src/index.ts'
import { textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { type Fault, type MockRequest, MockResponsesServer } from '../../src/testing/server.ts'
import { inParallel, outcomeOf, post, readAll } from '../e2e/support/calls.ts'
import { expectNothingLeft } from '../e2e/support/nothing-left.ts'
import { SELF_SIGNED } from '../testing/self-signed.ts'

const WALL_CLOCK_MS = 90_000

/** What the agent had: plain `fetch`, retries, and a wall clock for each attempt. */
async function naiveCall(server: MockResponsesServer, clock: VirtualClock, retries = 1): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const controller = new AbortController()
    const wall = clock.setTimer(() => controller.abort(new Error('wall clock')), WALL_CLOCK_MS)
    try {
      return await (await post(globalThis.fetch, server, { signal: controller.signal })).text()
    } catch (error) {
      if (attempt === retries) throw error
    } finally {
      clock.clearTimer(wall)
    }
  }
}

const DEAD: Fault = { at: 'headers', effect: 'stall' }
const ANSWER = textStream({ text: 'Here I am.' })

let server: MockResponsesServer
let clock: VirtualClock

beforeEach(async () => {
  clock = new VirtualClock()
  server = await MockResponsesServer.start({ respond: () => ANSWER })
})

afterEach(async () => {
  clock.assertNothingPending()
  await server.close()
})

describe('a connection that is dead on arrival', () => {
  it('holds up a naive client for as long as its wall clock runs', async () => {
    server.script([DEAD, 'ok'])
    let answered = false
    const call = naiveCall(server, clock).finally(() => {
      answered = true
    })
    await server.waitFor('fault')
    await clock.advance(WALL_CLOCK_MS - 1)
    expect({ answered, requests: server.requests.length }).toEqual({ answered: false, requests: 1 })
    await clock.advance(1)
    expect(await call).toBe(toSSE(ANSWER))
  })

  it.each(['http', 'https'])(
    'is cut at 45 s over %s, destroyed, and the call is answered on a fresh one',
    async (scheme) => {
      if (scheme === 'https') {
        await server.close()
        server = await MockResponsesServer.start({ respond: () => ANSWER, tls: SELF_SIGNED })
      }
      server.script([DEAD, 'ok'])
      const tls = scheme === 'https' ? { ca: SELF_SIGNED.cert } : undefined
      const client = new ResilientClient({ clock, tls, random: () => 0 })
      const controller = new AbortController()
      const call = post(client.fetch, server, { signal: controller.signal })
      await server.waitFor('fault')
      await clock.advance(44_999)
      expect(server.stats.connections).toEqual({ total: 1, open: 1 })

      await clock.advance(1)
      await server.waitFor('connection_closed')
      expect(server.requests[0]?.outcome).toBe('client_gone')
      expect(await readAll(await call)).toEqual({ text: toSSE(ANSWER), error: undefined })
      expect(server.requests.map(({ connectionNumber }) => connectionNumber)).toEqual([1, 2])
      expect(server.requests[1]?.body).toEqual(server.requests[0]?.body)
      await expectNothingLeft(client, server, [controller.signal])
    },
  )

  it('again and again ends in one retriable error that names TTFB, its value and where it came from', async () => {
    server.script([DEAD, DEAD])
    const client = new ResilientClient({ clock, maxRetries: 1, random: () => 0 })
    const call = outcomeOf(post(client.fetch, server))
    await server.waitFor('fault', 1)
    await clock.advance(45_000)
    await server.waitFor('fault', 2)
    await clock.advance(72_000)
    const { error } = await call
    const ours = findResilientError(error)
    expect(ours).toMatchObject({
      name: 'DeadlineError',
      code: 'ttfb_timeout',
      retryable: true,
      replaySafety: 'safe',
      responseStarted: false,
      deadline: { name: 'ttfb', ms: 72_000, source: 'auto: base, grown after 1 cut' },
    })
    expect(ours?.message).toContain('timed out')
    await expectNothingLeft(client, server)
  })

  it('strikes one call in five: those hang in a naive client, and none hangs in ours', async () => {
    server.addFaults({ ...DEAD, probability: 0.2 })
    const calls = Array.from({ length: 100 }, (_, index) => String(index))
    const dead = calls.filter((call) => server.chanceFault(call, 1) !== undefined)
    expect(dead.length).toBeGreaterThan(10)

    const abort = new AbortController()
    const naive = calls.map((call) =>
      outcomeOf(post(globalThis.fetch, server, { call, signal: abort.signal }).then(readAll)),
    )
    await Promise.all(naive.filter((_, index) => !dead.includes(String(index))))
    await server.waitFor('fault', dead.length)
    // All others are done, and nothing in a plain fetch will ever end these.
    expect(
      server.requests
        .filter(({ outcome }) => outcome === 'pending')
        .map(({ call }) => call)
        .sort(),
    ).toEqual(dead.sort())
    abort.abort()
    await Promise.all(naive)

    server.clearFaults()
    server.addFaults({ ...DEAD, probability: 0.2, when: (request: MockRequest) => request.attempt === 2 })
    const client = new ResilientClient({ timeouts: { ttfbMs: 300 } })
    const answers = await inParallel(100, 20, async (index) =>
      readAll(await post(client.fetch, server, { call: String(index) })),
    )
    for (const answer of answers) expect(answer).toEqual({ text: toSSE(ANSWER), error: undefined })
    await expectNothingLeft(client, server)
  })
})
