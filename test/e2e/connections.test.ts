import { describe, expect, it } from 'vitest'
import { ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { seededRandom, textStream, toSSE } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { noClientSocketsLeft } from '../support/proc-net.ts'
import { turns, until } from '../support/until.ts'
import { inParallel, outcomeOf, post, readAll } from './support/calls.ts'
import { pick } from './support/faults.ts'
import { allConnectionsClosed, expectNothingLeft } from './support/nothing-left.ts'

const ANSWER = textStream({ text: 'one two three four five' })

describe('400 attempts killed at random moments', { timeout: 120_000 }, () => {
  const KILLS = 400
  /** Turns of the event loop: enough for some calls to end before they are killed. */
  const LATEST_TURN = 40

  it.each([
    ['by the abort of each call', 'abort'],
    ['by the cancelling of its body, or an abort before there is one', 'cancel'],
    ['by destroy() of the client', 'destroy'],
  ] as const)('leave no socket: %s', async (_name, how) => {
    await using server = await MockResponsesServer.start({ respond: () => ANSWER })
    server.addFaults(
      { at: 'headers', effect: 'stall', probability: 0.25 },
      { at: 'before_event', event: 6, effect: 'stall', probability: 0.25 },
    )
    const random = seededRandom(400)
    const main = new ResilientClient()
    await inParallel(KILLS, 20, async () => {
      const controller = new AbortController()
      const client = how === 'destroy' ? new ResilientClient() : main
      let response: Response | undefined
      const call = outcomeOf(
        post(client.fetch, server, { signal: controller.signal }).then((opened) => {
          response = opened
          return how === 'cancel' ? undefined : readAll(opened)
        }),
      )
      await turns(Math.floor(random() * LATEST_TURN))
      if (how === 'destroy') await client.destroy()
      else if (how === 'cancel' && response !== undefined) await response.body?.cancel()
      else controller.abort()
      await call
      await response?.body?.cancel().catch(() => {})
    })
    // Those of calls that ended before they were killed may wait, idle; nothing else may be there.
    await until(() => main.stats().connections === main.stats().idleConnections, 'only idle connections')
    expect(main.stats()).toMatchObject({ activeCalls: 0, leases: 0 })
    await main.destroy()
    await noClientSocketsLeft(server.port)
    await allConnectionsClosed(server)
  })
})

describe('POSTs whose connection ends, at every point where it can end', {
  timeout: 60_000,
}, () => {
  const POSTS = 500
  const reused = { when: ({ requestOnConnection }: { requestOnConnection: number }) => requestOnConnection > 1 }

  it('all succeed although no retry is allowed, because the end of an idle connection is not the fault of the call', async () => {
    const faults: Fault[] = [
      // Between two requests; the next one may be on its way.
      { at: 'after_response', effect: 'half_close', probability: 0.1 },
      { at: 'after_response', effect: 'eof', probability: 0.1 },
      // The request crosses the end of the connection, which was decided before it came.
      { at: 'headers', effect: 'reset', probability: 0.1, ...reused },
      { at: 'headers', effect: 'eof', probability: 0.1, ...reused },
      { at: 'request_body', effect: 'reset', probability: 0.1, ...reused },
    ]
    await using server = await MockResponsesServer.start({
      respond: () => ANSWER,
      eventsPerWrite: 4,
      faults,
      seed: 3,
    })
    const events: TelemetryEvent[] = []
    const client = new ResilientClient({ maxRetries: 0, onEvent: (event) => events.push(event) })
    const random = seededRandom(3)
    const answers = await inParallel(POSTS, 20, async () => {
      // Now and then a pause, so that connections are given back and taken again at all distances from their end.
      await turns(pick(random, [0, 0, 1, 2, 5, 20]))
      return readAll(await post(client.fetch, server))
    })
    expect(answers.filter(({ text, error }) => error !== undefined || text !== toSSE(ANSWER))).toEqual([])
    const decisions = events.flatMap((event) => (event.type === 'retry_decision' ? [event.decision] : []))
    expect(decisions.filter((decision) => !decision.retry || !decision.transparent)).toEqual([])
    expect(decisions.length).toBeGreaterThan(10)
    await expectNothingLeft(client, server)
  })
})
