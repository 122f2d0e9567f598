import { expect } from 'vitest'
import { ClientClosedError } from '../../../src/index.ts'
import { blackHole } from '../../support/black-hole.ts'
import { clientSockets } from '../../support/proc-net.ts'
import { turns } from '../../support/until.ts'
import { BROKEN, SILENT, wait } from '../support/acts.ts'
import type { Outcome } from '../support/outcome.ts'
import type { Case, Chapter } from '../support/row.ts'
import { SCHEMES, type Scheme } from '../support/socket-stage.ts'
import type { Stage } from '../support/stage.ts'

/** Held for less than any deadline. */
const HELD_MS = 20_000
const PRELUDE = wait(2, HELD_MS)
const STREAMING = wait(BROKEN.event, HELD_MS)

function calls(stage: Stage, count: number, name: string): Promise<Outcome>[] {
  return Array.from({ length: count }, () => stage.call({}, { headers: { 'x-mock-call': name } }))
}

/** What 200 handshakes cost over HTTPS shows nothing more a second time. */
function restarts(how: 'reset' | 'close', schemes: readonly Scheme[]): Case {
  return {
    what: `by ${how}`,
    only: { on: 'sockets', because: 'a fake transport has no server that could restart' },
    time: 'by_hand',
    sockets: {
      schemes,
      play: async (stage) => {
        const { server } = stage
        stage.plays(Array.from({ length: 200 }, () => wait(2, 3_600_000)))
        const streams = calls(stage, 200, 'streams')
        await stage.struck(200)
        server.dropConnections(how)
        for (const outcome of await Promise.all(streams)) stage.expectWhole(outcome)
        expect(stage.decisions.filter(({ retry }) => !retry)).toEqual([])
        expect([stage.count('client_created'), stage.count('client_evicted')]).toEqual([2, 1])
        // The first reconnect of a call is free.
        expect(stage.client.stats().retryBudgets).toEqual({ [stage.url]: 20 })
        expect(server.requests).toHaveLength(400)
      },
    },
  }
}

let hole: Awaited<ReturnType<typeof blackHole>>

/** Many calls at once. */
export const CROWDS: Chapter = {
  66: {
    title: 'a timeout beside 50 streams',
    expectation: 'the 50 finish',
    cases: [
      {
        time: 'by_hand',
        options: { timeouts: { ttfbMs: 10_000 } },
        play: async (stage) => {
          stage.plays(Array(50).fill(STREAMING), { call: 'streams' })
          stage.plays([SILENT, 'ok'], { call: 'silent' })
          const streams = calls(stage, 50, 'streams')
          await stage.struck(50)
          const silent = calls(stage, 1, 'silent')
          await stage.struck(51)
          await stage.pass(10_300)
          for (const outcome of await Promise.all(silent)) stage.expectWhole(outcome)
          expect(stage.codes).toEqual(['ttfb_timeout'])
          await stage.pass(HELD_MS)
          for (const outcome of await Promise.all(streams)) stage.expectWhole(outcome)
          expect(stage.codes).toEqual(['ttfb_timeout'])
          expect(stage.requests).toHaveLength(52)
        },
      },
    ],
  },
  67: {
    title: '200 streams in the prelude when the server restarts',
    expectation: 'one eviction, one new client, all recover',
    cases: [restarts('reset', SCHEMES), restarts('close', ['http'])],
  },
  68: {
    title: 'close() and destroy() while streaming',
    expectation: 'drains; ends all with ClientClosedError',
    cases: [
      {
        what: 'close()',
        time: 'by_hand',
        endpoint: [STREAMING, PRELUDE, { at: 'headers', effect: 'delay', ms: HELD_MS }],
        play: async (stage) => {
          const streams = calls(stage, 3, 'streams')
          await stage.struck(3)
          let closed = false
          const closing = stage.client.close().then(() => {
            closed = true
          })
          expect((await stage.call()).error).toSatisfy(isClosed)
          await stage.settle()
          expect(closed).toBe(false)
          await stage.pass(HELD_MS)
          for (const outcome of await Promise.all(streams)) stage.expectWhole(outcome)
          await closing
        },
      },
      {
        what: 'destroy()',
        time: 'by_hand',
        endpoint: [STREAMING, PRELUDE, SILENT],
        play: async (stage) => {
          const streams = calls(stage, 3, 'streams')
          await stage.struck(3)
          await stage.client.destroy()
          for (const { failure } of await Promise.all(streams)) expect(failure).toBeInstanceOf(ClientClosedError)
          expect(stage.requests).toHaveLength(3)
        },
      },
    ],
  },
  73: {
    title: 'one origin is a black hole',
    expectation: 'another does not notice',
    cases: [
      {
        only: { on: 'sockets', because: 'a fake transport has one answer for all origins, and no pool of sockets' },
        time: 'by_hand',
        sockets: {
          schemes: ['http'],
          beside: async () => {
            hole = await blackHole()
            const filling = clientSockets(hole.port)
            return {
              async [Symbol.asyncDispose]() {
                expect(clientSockets(hole.port)).toEqual(filling)
                await hole[Symbol.asyncDispose]()
              },
            }
          },
          play: async (stage) => {
            const lost = Array.from({ length: 200 }, () =>
              stage.client.fetch(`${hole.url}/v1/responses`, {
                method: 'POST',
                body: '{"stream":true}',
                signal: stage.controller.signal,
              }),
            )
            const gone = Promise.allSettled(lost)
            const seen = Array.from({ length: 200 }, () => stage.call())
            const start = stage.clock.now()
            for (const outcome of await Promise.all(seen)) stage.expectWhole(outcome)
            expect(stage.codes).toEqual([])
            // No deadline of theirs has passed meanwhile: nothing waited for the others.
            expect(stage.clock.now() - start).toBeLessThan(10_000)
            stage.controller.abort('enough')
            expect(new Set((await gone).map(({ status }) => status))).toEqual(new Set(['rejected']))
            await turns()
          },
        },
      },
    ],
  },
}

function isClosed(error: unknown): boolean {
  return error instanceof ClientClosedError || (error instanceof Error && error.cause instanceof ClientClosedError)
}
