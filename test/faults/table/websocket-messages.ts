import { expect } from 'vitest'
import { StreamInterruptedError } from '../../../src/index.ts'
import type { JsonObject } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { FIRST_DELTA } from '../support/acts.ts'
import type { Chapter } from '../support/row.ts'
import type { SocketStage } from '../support/socket-stage.ts'
import { answerTo, EVENTS, expectAnswer, onWebSocket, waysOf } from '../support/websocket.ts'

const FORMS = ['fragmented', 'pings', 'binary'] as const
const SIDE_EVENTS: readonly JsonObject[] = [
  { type: 'codex.rate_limits', rate_limits: { primary: { used_percent: 5 } } },
  { type: 'keepalive', sequence_number: 0 },
  { type: 'response.steer.accepted', previous_response_id: 'resp_0' },
]
const MIDDLE = FIRST_DELTA + 1

/** A breach before the commit is retried unseen; one after output is an interruption. */
function breaches(what: string, code: RegExp, breach: (event: number) => Fault | readonly Fault[]) {
  return [
    onWebSocket({
      what: `${what}, before output`,
      endpoint: [breach(1), 'ok'],
      async play(stage) {
        expectAnswer(stage, await stage.call(), 2)
        expect(stage.codes).toEqual([expect.stringMatching(code)])
        expect(waysOf(stage)).toEqual([1, 2])
      },
    }),
    onWebSocket({
      what: `${what}, after output`,
      endpoint: [breach(MIDDLE)],
      async play(stage) {
        const outcome = await stage.call()
        if (stage.face === 'create') return expectAnswer(stage, outcome, 2)
        expect(stage.expectFailed(outcome, code)).toBeInstanceOf(StreamInterruptedError)
        expect(outcome.events.slice(0, MIDDLE)).toEqual(answerTo(1).slice(0, MIDDLE))
      },
    }),
  ]
}

/** Events of the typed faces, and the text of the drop-in: with something else among them. */
function expectAmong(
  { face }: SocketStage,
  events: readonly JsonObject[],
  at: number,
  among: readonly JsonObject[],
): void {
  if (face === 'create') return
  expect(events).toEqual([...answerTo(1).slice(0, at), ...among, ...answerTo(1).slice(at)])
}

/** Messages on WebSockets: how they are framed, and what they say. */
export const WEBSOCKET_MESSAGES: Chapter = {
  87: {
    title: 'frames that are unusual, or break the protocol',
    expectation: 'read, or failed as an event stream would be',
    cases: [
      ...FORMS.map((as) =>
        onWebSocket({
          what: as,
          endpoint: [
            { at: 'headers', effect: 'frame', as },
            { at: 'before_event', event: MIDDLE, effect: 'frame', as },
          ],
          async play(stage) {
            expectAnswer(stage, await stage.call(), 1)
            expectAnswer(stage, await stage.call(), 2)
            expect(waysOf(stage)).toEqual([1, 1])
          },
        }),
      ),
      onWebSocket({
        what: '20 MB in one frame',
        endpoint: [{ at: 'before_event', event: MIDDLE, effect: 'frame', as: 'giant' }],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          expect(waysOf(stage)).toEqual([1])
        },
      }),
      onWebSocket({
        what: 'a frame above limits.eventBytes',
        options: { limits: { eventBytes: 1_000_000 } },
        endpoint: [{ at: 'before_event', event: 1, effect: 'frame', as: 'giant' }],
        always: { at: 'before_event', event: 1, effect: 'frame', as: 'giant', bytes: 2_000_000 },
        async play(stage) {
          stage.expectFailed(await stage.call(), 'event_too_large')
        },
      }),
      onWebSocket({
        what: 'text that is no UTF-8',
        endpoint: [{ at: 'before_event', event: MIDDLE, effect: 'frame', as: 'invalid_utf8' }],
        async play(stage) {
          const { error, events } = await stage.call()
          expect(error).toBeUndefined()
          if (stage.face === 'create') return
          const broken = { ...answerTo(1)[MIDDLE], mock_text: '\ufffd\ufffd\ufffd' }
          expect(events).toEqual(answerTo(1).map((event, index) => (index === MIDDLE ? broken : event)))
        },
      }),
      onWebSocket({
        what: 'unknown types',
        endpoint: [
          { at: 'before_event', event: MIDDLE, effect: 'event', events: [{ type: 'response.new.kind', x: 1 }] },
        ],
        async play(stage) {
          const { error, events } = await stage.call()
          expect(error).toBeUndefined()
          expectAmong(stage, events, MIDDLE, [{ type: 'response.new.kind', x: 1 }])
        },
      }),
      ...breaches('cut inside a frame by RST', /^connection_(?:reset|closed)$|^socket_closed$/, (event) => ({
        at: 'inside_event',
        event,
        effect: 'reset',
      })),
      ...breaches('cut inside a frame by FIN', /^connection_(?:reset|closed)$|^socket_closed$/, (event) => ({
        at: 'inside_event',
        event,
        effect: 'eof',
      })),
      ...breaches('malformed JSON', /^malformed_event$/, (event) => ({
        at: 'before_event',
        event,
        effect: 'event',
        raw: '{"type":"response.output_text.delta","del',
      })),
      ...breaches('compressed, though not agreed on', /^protocol_error$/, (event) => ({
        at: 'before_event',
        event,
        effect: 'frame',
        as: 'compressed',
      })),
      ...breaches('bytes that are no frame', /^protocol_error$/, (event) => ({
        at: 'before_event',
        event,
        effect: 'garbage',
      })),
    ],
  },
  91: {
    title: 'a consumer on a WebSocket stops reading',
    expectation: 'the WebSocket is paused, memory stays flat, no false ping_timeout',
    cases: [
      onWebSocket({
        faces: ['stream', 'fetch'],
        time: 'by_hand',
        endpoint: [
          {
            at: 'before_event',
            event: MIDDLE,
            effect: 'event',
            events: Array.from({ length: 400 }, () => ({ type: 'response.note.delta', delta: 'x'.repeat(100_000) })),
          },
        ],
        async play(stage) {
          const before = process.memoryUsage().arrayBuffers
          const { client, face, url } = stage
          const body = { model: 'm', input: 'hi', stream: true }
          const bytes =
            face === 'fetch'
              ? (await client.fetch(`${url}/v1/responses`, { method: 'POST', body: JSON.stringify(body) })).body
              : null
          const events = face === 'stream' ? client.responses.stream(body) : undefined
          await stage.server.waitFor('fault')
          await stage.settle()
          // The endpoint cannot get rid of 40 MB, whatever time passes.
          for (let minute = 0; minute < 10; minute++) await stage.pass(60_000)
          expect(stage.server.requests[0]?.sentEvents).toBeLessThan(EVENTS)
          expect(stage.server.requests[0]?.outcome).toBe('pending')
          expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(120_000_000)
          let count = 0
          if (bytes !== null) for await (const chunk of bytes) count += (chunk as Uint8Array).length
          if (events !== undefined) for await (const event of events) count += JSON.stringify(event).length
          expect(count).toBeGreaterThan(40_000_000)
          expect(stage.codes).toEqual([])
          expect(waysOf(stage)).toEqual([1])
        },
      }),
    ],
  },
  96: {
    title: 'messages that belong to no response',
    expectation: 'passed on, or classed as they are',
    cases: [
      ...[0, 1, MIDDLE].map((at) =>
        onWebSocket({
          what: at === 0 ? 'before the first event' : at === 1 ? 'in the prelude' : 'in the output',
          endpoint: [{ at: 'before_event', event: at, effect: 'event', events: SIDE_EVENTS }, 'ok'],
          async play(stage) {
            const { error, events } = await stage.call()
            expect(error).toBeUndefined()
            expectAmong(stage, events, at, SIDE_EVENTS)
            expectAnswer(stage, await stage.call(), 2)
            expect(waysOf(stage)).toEqual([1, 1])
          },
        }),
      ),
      onWebSocket({
        what: 'between two responses',
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          stage.server.sendToSockets(SIDE_EVENTS)
          await stage.settle()
          expectAnswer(stage, await stage.call(), 2)
          expect(waysOf(stage)).toEqual([1, 1])
        },
      }),
      onWebSocket({
        what: 'a stream_id that was not asked for',
        endpoint: [
          { at: 'before_event', event: MIDDLE, effect: 'event', events: [{ type: 'response.note', stream_id: 'a' }] },
        ],
        async play(stage) {
          const { error, events } = await stage.call()
          expect(error).toBeUndefined()
          expectAmong(stage, events, MIDDLE, [{ type: 'response.note', stream_id: 'a' }])
        },
      }),
    ],
  },
  108: {
    title: 'an answer in the name of another response',
    expectation: 'never handed to another call',
    cases: [
      onWebSocket({
        what: 'the end names another response',
        endpoint: [{ at: 'before_event', event: EVENTS - 1, effect: 'other_response' }],
        async play(stage) {
          const outcome = await stage.call()
          if (stage.face === 'create') return expectAnswer(stage, outcome, 2)
          stage.expectFailed(outcome, 'wrong_response')
          expect(JSON.stringify(outcome.events)).not.toContain('resp_mock_other')
        },
      }),
      onWebSocket({
        what: 'in the prelude another response begins',
        endpoint: [{ at: 'before_event', event: 1, effect: 'other_response' }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 2)
          expect(stage.codes).toEqual(['wrong_response'])
        },
      }),
      onWebSocket({
        what: 'events come late, when the next response is under way',
        endpoint: ['ok', { at: 'before_event', event: MIDDLE, effect: 'earlier_events', from: -1 }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          const outcome = await stage.call()
          if (stage.face === 'create') return expectAnswer(stage, outcome, 3)
          stage.expectFailed(outcome, 'wrong_response')
          expect(JSON.stringify(outcome.events)).not.toContain('"resp_1"')
          // The entry of the script that is left over.
          expectAnswer(stage, await stage.call(), 3)
        },
      }),
      onWebSocket({
        what: 'a second answer stands behind the terminal event',
        endpoint: [{ at: 'after_terminal', effect: 'event', events: answerTo(99) }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          await stage.settle()
          expectAnswer(stage, await stage.call(), 2)
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
      onWebSocket({
        what: 'events come between two responses',
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          stage.server.sendToSockets(answerTo(99).slice(0, 3))
          await stage.settle()
          expectAnswer(stage, await stage.call(), 2)
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
    ],
  },
}
