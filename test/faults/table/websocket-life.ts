import { expect } from 'vitest'
import { StreamInterruptedError } from '../../../src/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { FIRST_DELTA } from '../support/acts.ts'
import type { Chapter } from '../support/row.ts'
import type { SocketStage } from '../support/socket-stage.ts'
import {
  answerTo,
  bodyOf,
  Conversation,
  EVENTS,
  expectAnswer,
  expectContext,
  onWebSocket,
  waysOf,
} from '../support/websocket.ts'

/** How an endpoint can end a WebSocket. */
const ENDS: ReadonlyArray<readonly [what: string, end: Pick<Fault, 'effect'> & object]> = [
  ...[1000, 1001, 1011, 1012, 1013].map((code) => [`${code}`, { effect: 'close', code }] as const),
  ['without a close frame', { effect: 'eof' }],
  ['RST', { effect: 'reset' }],
]
const LOST = /^(?:socket_closed|connection_reset|connection_closed)$/
const atEvent = (event: number, end: object): Fault => ({ at: 'before_event', event, ...end }) as Fault

/** The second of two turns on one WebSocket meets a fault. */
async function expectSecondTurnGoesOn(stage: SocketStage, fault: Fault): Promise<void> {
  const conversation = new Conversation(stage)
  stage.server.script(['ok', fault, 'ok'])
  expectAnswer(stage, await conversation.turn('One'), 1)
  const outcome = await conversation.turn('Two')
  expectAnswer(stage, outcome, 3)
  expect(waysOf(stage)).toEqual([1, 1, 2])
  const sent = conversation.history.slice(0, 3)
  expect(bodyOf(stage, 3).input).toEqual(sent)
  expectContext(stage, 3, sent)
}

/** The lives of WebSockets: closed, dead, old, and very many. */
export const WEBSOCKET_LIFE: Chapter = {
  77: {
    title: 'a WebSocket is closed before the first event',
    expectation: 'a new WebSocket in the same call; twice: HTTP',
    cases: ENDS.flatMap(([what, end]) => [
      onWebSocket({
        what,
        endpoint: [{ at: 'headers', ...end } as Fault, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 2)
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
      onWebSocket({
        what: `${what}, twice`,
        endpoint: [{ at: 'headers', ...end } as Fault, { at: 'headers', ...end } as Fault, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 3)
          expect(waysOf(stage)).toEqual([1, 2, 'http'])
        },
      }),
    ]),
  },
  78: {
    title: 'a WebSocket is closed after output',
    expectation: 'an interruption; restarted where that is asked for',
    cases: ENDS.flatMap(([what, end]) => [
      onWebSocket({
        what,
        endpoint: [atEvent(FIRST_DELTA + 2, end)],
        async play(stage) {
          const outcome = await stage.call()
          if (stage.face === 'create') return expectAnswer(stage, outcome, 2)
          const error = stage.expectFailed(outcome, LOST)
          expect(error).toBeInstanceOf(StreamInterruptedError)
          expect(outcome.events).toEqual(answerTo(1).slice(0, FIRST_DELTA + 2))
          expect(stage.server.requests).toHaveLength(1)
        },
      }),
      onWebSocket({
        what: `${what}, restarted`,
        faces: ['stream'],
        options: { interruption: 'restart' },
        endpoint: [atEvent(FIRST_DELTA + 2, end)],
        async play(stage) {
          const { events, error } = await stage.call()
          expect(error).toBeUndefined()
          const [marker, ...second] = events.slice(FIRST_DELTA + 2)
          expect(marker).toMatchObject({ type: 'stream.restarted', attempt: 2 })
          expect(second).toEqual(answerTo(2))
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
    ]),
  },
  79: {
    title: 'a request is never answered while pings are',
    expectation: 'cut at ttfbMs: a pong feeds no deadline',
    cases: [
      onWebSocket({
        endpoint: [{ at: 'headers', effect: 'stall' }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 2)
          expect(stage.codes).toEqual(['ttfb_timeout'])
          expect(stage.server.sockets[0]?.sentPongs).toBeGreaterThan(0)
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
    ],
  },
  80: {
    title: 'pings are not answered',
    expectation: 'ping_timeout in use; an idle WebSocket that is dead carries no call',
    cases: [
      onWebSocket({
        what: 'in use',
        endpoint: [
          [
            { at: 'headers', effect: 'no_pongs' },
            { at: 'before_event', event: 2, effect: 'stall' },
          ],
          'ok',
        ],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 2)
          expect(stage.codes).toEqual(['ping_timeout'])
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
      onWebSocket({
        what: 'idle',
        endpoint: [{ at: 'after_response', effect: 'no_pongs' }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          await stage.pass(60_000)
          await stage.server.waitFor('socket_closed')
          expectAnswer(stage, await stage.call(), 2)
          expect(waysOf(stage)).toEqual([1, 2])
          expect(stage.decisions).toEqual([])
        },
      }),
    ],
  },
  81: {
    title: 'the first message is an error with a status',
    expectation: 'what an HTTP answer of that status would be, hint and budget included',
    cases: [
      ...[400, 403, 404].map((status) =>
        onWebSocket({
          what: `${status}`,
          endpoint: ['ok', { at: 'headers', effect: 'status', status }, 'ok'],
          async play(stage) {
            expectAnswer(stage, await stage.call(), 1)
            stage.expectAnswered(await stage.call(), status)
            // Some endpoints do not answer what is sent on a WebSocket after that.
            expectAnswer(stage, await stage.call(), 3)
            expect(waysOf(stage)).toEqual([1, 1, 2])
          },
        }),
      ),
      ...[429, 503].map((status) =>
        onWebSocket({
          what: `${status} with a hint, on a WebSocket that was used before`,
          endpoint: ['ok', { at: 'headers', effect: 'status', status, headers: { 'retry-after': '2' } }, 'ok'],
          async play(stage) {
            expectAnswer(stage, await stage.call(), 1)
            expectAnswer(stage, await stage.call(), 3)
            expect(stage.decisions).toMatchObject([{ retry: true, lane: 'pushback' }])
            expect((stage.decisions[0] as { delayMs?: number }).delayMs).toBeGreaterThanOrEqual(2000)
          },
        }),
      ),
      onWebSocket({
        what: '503, always',
        always: { at: 'headers', effect: 'status', status: 503 },
        async play(stage) {
          stage.expectAnswered(await stage.call(), 503)
          expect(stage.server.requests).toHaveLength(5)
        },
      }),
      onWebSocket({
        what: '401, then a new token',
        options: {
          apiKey: undefined,
          headers: ({ refresh }) => ({ authorization: refresh ? 'Bearer new' : 'Bearer old' }),
        },
        endpoint: [{ at: 'headers', effect: 'status', status: 401 }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 2)
          expect(stage.server.requests.map(({ headers }) => headers.authorization)).toEqual([
            'Bearer old',
            'Bearer new',
          ])
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
    ],
  },
  82: {
    title: 'the 60 minutes of a WebSocket are over',
    expectation: 'a new WebSocket, and the whole input',
    cases: (['error', 'close'] as const).flatMap((as) => [
      onWebSocket({
        what: `inside a turn, told by ${as}`,
        play: (stage) => expectSecondTurnGoesOn(stage, { at: 'headers', effect: 'connection_limit', as }),
      }),
      onWebSocket({
        what: `in the prelude, told by ${as}`,
        play: (stage) =>
          expectSecondTurnGoesOn(stage, { at: 'before_event', event: 1, effect: 'connection_limit', as }),
      }),
      onWebSocket({
        what: `while the request is on its way, told by ${as}`,
        async play(stage) {
          const conversation = new Conversation(stage)
          expectAnswer(stage, await conversation.turn('One'), 1)
          stage.server.expireSockets(as)
          expectAnswer(stage, await conversation.turn('Two'), 2)
          expect(waysOf(stage)).toEqual([1, 2])
          expectContext(stage, 2, conversation.history.slice(0, 3))
        },
      }),
      onWebSocket({
        what: `between turns, told by ${as}`,
        async play(stage) {
          const conversation = new Conversation(stage)
          expectAnswer(stage, await conversation.turn('One'), 1)
          stage.server.expireSockets(as)
          await stage.settle()
          expectAnswer(stage, await conversation.turn('Two'), 2)
          expect(waysOf(stage)).toEqual([1, 2])
          expectContext(stage, 2, conversation.history.slice(0, 3))
          expect(stage.decisions).toEqual([])
        },
      }),
    ]),
  },
  86: {
    title: 'the WebSocket is lost at every event',
    expectation: 'one right outcome',
    cases: [true, false].flatMap((incremental) =>
      ENDS.slice(-3).map(([what, end]) =>
        onWebSocket({
          what: `${what}, ${incremental ? 'with' : 'without'} increments`,
          webSocket: { incremental },
          async play(stage) {
            for (let event = 0; event < EVENTS; event++) await lostAt(stage, event, end)
          },
        }),
      ),
    ),
  },
}

/** The second turn of a conversation loses its WebSocket. */
async function lostAt(stage: SocketStage, event: number, end: object): Promise<void> {
  const { server, face } = stage
  const conversation = new Conversation(stage)
  const before = server.requests.length
  expectAnswer(stage, await conversation.turn('One'), before + 1)
  server.script([atEvent(event, end), 'ok'])
  const outcome = await conversation.turn('Two')
  const sent = conversation.history.slice(0, 3)
  if (event <= FIRST_DELTA || face === 'create') {
    expectAnswer(stage, outcome, before + 3)
    expectContext(stage, before + 3, sent)
  } else {
    expect(stage.expectFailed(outcome, LOST)).toBeInstanceOf(StreamInterruptedError)
    expect(outcome.events).toEqual(answerTo(before + 2).slice(0, event))
    // The entry of the script that is left over.
    await stage.call()
  }
  expectContext(stage, before + 2, sent)
}
