import { expect } from 'vitest'
import type { Fault, MockRequest } from '../../../src/testing/server.ts'
import { FIRST_DELTA } from '../support/acts.ts'
import { activeResources } from '../support/resources.ts'
import type { Chapter } from '../support/row.ts'
import type { SocketStage } from '../support/socket-stage.ts'
import { callWith, expectAnswer, onWebSocket } from '../support/websocket.ts'

/** What callers do while WebSockets are in use, and what becomes of very many. */
export const WEBSOCKET_CALLERS: Chapter = {
  90: {
    title: 'abort on a WebSocket, wherever the call is',
    expectation: 'settled at once, the WebSocket closed, others untouched',
    cases: [
      ['in the upgrade', [{ at: 'upgrade', effect: 'stall' }]],
      ['half upgraded', [{ at: 'inside_upgrade', effect: 'stall' }]],
      ['waiting', [{ at: 'headers', effect: 'stall' }]],
      ['in the prelude', [{ at: 'before_event', event: 1, effect: 'stall' }]],
      ['in the output', [{ at: 'before_event', event: FIRST_DELTA + 1, effect: 'stall' }]],
      ['inside a frame', [{ at: 'inside_event', event: FIRST_DELTA + 1, effect: 'stall' }]],
    ].map(([what, acts]) =>
      onWebSocket({
        what: what as string,
        time: 'by_hand',
        async play(stage) {
          const { server } = stage
          // A sibling streams beside it.
          server.script([
            { at: 'before_event', event: FIRST_DELTA + 1, effect: 'stall', label: 'sibling' },
            ...(acts as Fault[]),
          ])
          const sibling = stage.call({ input: 'sibling' })
          await server.waitFor('fault')
          const controller = new AbortController()
          const reason = new Error('enough')
          const aborted = callWith(stage, controller.signal)
          await server.waitFor('fault', 2)
          await stage.settle()
          controller.abort(reason)
          expect((await aborted).error).toBe(reason)
          await server.waitFor('socket_closed', ({ number }) => number === 2)
          const { length } = server.requests
          server.release('sibling')
          expectAnswer(stage, await sibling, 1)
          expect(server.requests).toHaveLength(length)
        },
      }),
    ),
  },
  92: {
    title: 'close() and destroy() with WebSockets',
    expectation: 'drains; ends; an idle one keeps no process alive',
    cases: [
      onWebSocket({
        what: 'close()',
        endpoint: [{ at: 'before_event', event: FIRST_DELTA + 1, effect: 'stall', label: 'held' }],
        time: 'by_hand',
        async play(stage) {
          const { server, client } = stage
          const call = stage.call()
          await server.waitFor('fault')
          const closed = client.close()
          server.release('held')
          expectAnswer(stage, await call, 1)
          await closed
          await server.waitFor('socket_closed')
        },
      }),
      onWebSocket({
        what: 'destroy()',
        endpoint: [{ at: 'before_event', event: FIRST_DELTA + 1, effect: 'stall' }],
        time: 'by_hand',
        async play(stage) {
          const call = stage.call()
          await stage.server.waitFor('fault')
          await stage.client.destroy()
          expect((await call).failure).toMatchObject({ code: 'client_closed' })
          await stage.server.waitFor('socket_closed')
        },
      }),
      onWebSocket({
        what: 'idle',
        async play(stage) {
          const before = activeResources().split(',').filter(Boolean).length
          expectAnswer(stage, await stage.call(), 1)
          await stage.settle()
          expect(stage.server.stats.sockets.open).toBe(1)
          // The server's end of the connection, and no more.
          const after = activeResources().split(',').filter(Boolean).length
          expect(after - before).toBeLessThanOrEqual(stage.scheme === 'https' ? 2 : 1)
        },
      }),
    ],
  },
  93: {
    title: 'the server restarts under 100 WebSockets',
    expectation: 'all calls recover',
    cases: [
      onWebSocket({
        webSocket: { maxSockets: 100 },
        faces: ['stream'],
        time: 'by_hand',
        async play(stage) {
          const { server } = stage
          server.addFaults({ at: 'before_event', event: 1, effect: 'stall', times: 100 })
          const calls = Array.from({ length: 100 }, () => stage.call())
          await server.waitFor('fault', 100)
          server.dropConnections('reset')
          for (const { error, response } of await Promise.all(calls)) {
            expect(error).toBeUndefined()
            expect(response).toMatchObject({ status: 'completed' })
          }
          expect(server.stats.sockets.total).toBe(200)
          expect(server.requests.slice(100).every(({ transport }) => transport === 'websocket')).toBe(true)
        },
      }),
    ],
  },
  95: {
    title: '1 000 turns, while WebSockets grow old',
    expectation: 'no leak; each turn on a WebSocket that lives',
    cases: [
      onWebSocket({
        faces: ['stream', 'fetch'],
        sockets: { schemes: ['http'], server: { eventsPerWrite: Number.POSITIVE_INFINITY } },
        async play(stage) {
          for (let turn = 1; turn <= 1000; turn++) {
            expectAnswer(stage, await stage.call(), turn)
            if (turn % 10 === 0) await stage.pass(110_000)
          }
          const { sockets } = stage.server.stats
          // 100 times 110 s are 183 minutes; a WebSocket takes responses for 55.
          expect(sockets.total).toBeGreaterThanOrEqual(4)
          expect(sockets.total).toBeLessThanOrEqual(5)
          expect(sockets.open).toBe(1)
          expect(stage.decisions).toEqual([])
          expect(stage.server.requests.every(isOnLivingSocket(stage))).toBe(true)
        },
      }),
    ],
  },
}

function isOnLivingSocket({ server }: SocketStage) {
  return ({ startedAt, socketNumber, outcome }: MockRequest): boolean => {
    const openedAt = server.sockets[(socketNumber ?? 0) - 1]?.openedAt ?? Number.NEGATIVE_INFINITY
    return outcome === 'complete' && startedAt - openedAt < 60 * 60_000
  }
}
