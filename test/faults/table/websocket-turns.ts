import { expect } from 'vitest'
import type { JsonObject } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { FIRST_DELTA } from '../support/acts.ts'
import type { Chapter } from '../support/row.ts'
import {
  bodyOf,
  Conversation,
  expectAnswer,
  expectContext,
  expectLost,
  onWebSocket,
  user,
  waysOf,
} from '../support/websocket.ts'

const NOT_FOUND: Fault = {
  at: 'headers',
  effect: 'status',
  status: 400,
  body: { error: { type: 'invalid_request_error', code: 'previous_response_not_found', message: 'Not found.' } },
}
/** How a history of two turns can come back in the third. The context of the model must be what the caller sent. */
const CHANGED: Readonly<Record<string, (history: readonly JsonObject[]) => readonly JsonObject[]>> = {
  'a message of the user was edited': ([, ...rest]) => [user('Another one'), ...rest],
  'the output was edited': (history) =>
    history.with(1, { ...history[1], content: [{ type: 'output_text', text: 'No' }] }),
  'two items were swapped': ([first, second, third, ...rest]) => [third, second, first, ...rest] as JsonObject[],
  'the beginning was cut off': (history) => history.slice(2),
  'an item was put in': ([first, ...rest]) =>
    [first, { role: 'developer', content: 'Be brief' }, ...rest] as JsonObject[],
  'the output was left out': (history) => history.filter((_, n) => n !== 3),
  'an item came twice': (history) => [...history.slice(0, 2), ...history.slice(1)],
  'keys in another order': (history) => history.map((item) => Object.fromEntries(Object.entries(item).reverse())),
  'ids and states left out': (history) => history.map(({ id, status, ...item }) => item),
  'another id': (history) => history.with(1, { ...history[1], id: 'msg_other' }),
}

/** Items as far as a model sees them: an id or a state that is absent changes nothing. */
function meaning(items: readonly JsonObject[] | undefined): unknown {
  const parts = (content: unknown) =>
    Array.isArray(content) ? content.map(({ annotations: _a, logprobs: _l, ...part }) => part) : content
  return items?.map(({ id: _id, status: _status, content, ...item }) => ({ ...item, content: parts(content) }))
}

/** Conversations on WebSockets: increments, continuations, and whose they are. */
export const WEBSOCKET_TURNS: Chapter = {
  83: {
    title: 'the endpoint does not know the response that a turn continues',
    expectation:
      'an increment of ours: the whole input, unseen; the continuation of a caller: the hook, or the named error',
    cases: [
      onWebSocket({
        what: 'an increment of ours',
        endpoint: ['ok', NOT_FOUND, 'ok'],
        async play(stage) {
          const conversation = new Conversation(stage)
          expectAnswer(stage, await conversation.turn('One'), 1)
          const outcome = await conversation.turn('Two')
          expect(outcome.error).toBeUndefined()
          expect(outcome.response).toMatchObject({ id: 'resp_3' })
          expect(bodyOf(stage, 2).previous_response_id).toBe('resp_1')
          expect(bodyOf(stage, 3).previous_response_id).toBeUndefined()
          expect(waysOf(stage)).toEqual([1, 1, 2])
          expectContext(stage, 3, conversation.history.slice(0, 3))
        },
      }),
      onWebSocket({
        what: 'a continuation of the caller, refused',
        endpoint: ['ok', NOT_FOUND],
        async play(stage) {
          expectAnswer(stage, await stage.call({ store: false }), 1)
          expectLost(stage, await stage.call({ store: false, previous_response_id: 'resp_1' }))
          expect(waysOf(stage)).toEqual([1, 1])
        },
      }),
      onWebSocket({
        what: 'a continuation of the caller whose WebSocket is gone',
        async play(stage) {
          expectAnswer(stage, await stage.call({ store: false }), 1)
          stage.server.dropConnections('reset')
          await stage.server.waitFor('socket_closed')
          await stage.settle()
          expectLost(stage, await stage.call({ store: false, previous_response_id: 'resp_1' }))
          // Nothing went to a server that cannot know it.
          expect(waysOf(stage)).toEqual([1])
          expect(stage.server.sockets).toHaveLength(1)
        },
      }),
      onWebSocket({
        what: 'a continuation of the caller whose WebSocket is lost, with a hook',
        options: {
          onPreviousResponseNotFound: async () => ({ model: 'm', store: false, stream: true, input: 'everything' }),
        },
        endpoint: ['ok', { at: 'before_event', event: 1, effect: 'reset' }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call({ store: false }), 1)
          const { error, response } = await stage.call({ store: false, previous_response_id: 'resp_1' })
          expect(error).toBeUndefined()
          expect(response).toMatchObject({ id: 'resp_3' })
          expect(bodyOf(stage, 3)).toMatchObject({ input: 'everything' })
          expect(bodyOf(stage, 3).previous_response_id).toBeUndefined()
        },
      }),
      onWebSocket({
        what: 'a stored response is continued on any WebSocket, or over HTTP',
        async play(stage) {
          expectAnswer(stage, await stage.call({ store: true }), 1)
          stage.server.dropConnections('reset')
          await stage.server.waitFor('socket_closed')
          await stage.settle()
          expectAnswer(stage, await stage.call({ store: true, previous_response_id: 'resp_1' }), 2)
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
    ],
  },
  84: {
    title: 'a turn is refused with 4xx, and the endpoint forgets what it continued',
    expectation: 'the next turn goes whole',
    cases: [
      onWebSocket({
        endpoint: ['ok', { at: 'headers', effect: 'status', status: 400 }, 'ok'],
        async play(stage) {
          const conversation = new Conversation(stage)
          expectAnswer(stage, await conversation.turn('One'), 1)
          stage.expectAnswered(await conversation.turn('Two'), 400)
          expect(conversation.wasIncremental).toBe(true)
          conversation.history.pop()
          expectAnswer(stage, await conversation.turn('Three'), 3)
          expect(conversation.wasIncremental).toBe(false)
          expectContext(stage, 3, conversation.history.slice(0, 3))
          expect(stage.decisions.filter(({ retry }) => retry)).toEqual([])
        },
      }),
    ],
  },
  85: {
    title: 'a history comes back changed',
    expectation: 'whole, or on a WebSocket that it fits: never a wrong context',
    cases: [
      onWebSocket({
        what: 'unchanged: only what is new is sent',
        async play(stage) {
          const conversation = new Conversation(stage)
          for (let turn = 1; turn <= 5; turn++) {
            const { length } = conversation.history
            expectAnswer(stage, await conversation.turn(`Turn ${turn}`), turn)
            expectContext(stage, turn, conversation.history.slice(0, length + 1))
            expect(conversation.wasIncremental).toBe(turn > 1)
            if (turn > 1) expect(bodyOf(stage, turn).input).toEqual([user(`Turn ${turn}`)])
          }
          expect(waysOf(stage)).toEqual([1, 1, 1, 1, 1])
        },
      }),
      ...Object.entries(CHANGED).map(([what, change]) =>
        onWebSocket({
          what,
          async play(stage) {
            const conversation = new Conversation(stage)
            await conversation.turn('One')
            await conversation.turn('Two')
            conversation.history = [...change(conversation.history)]
            expectAnswer(stage, await conversation.turn('Three'), 3)
            const [record] = stage.server.requests.slice(-1)
            const known = record && stage.server.contextOf(record)
            expect(meaning(known)).toEqual(meaning(conversation.history.slice(0, -1)))
          },
        }),
      ),
      ...(['instructions', 'tools', 'model', 'reasoning', 'prompt_cache_key'] as const).map((field) =>
        onWebSocket({
          what: `with another value of ${field}`,
          async play(stage) {
            const value = field === 'tools' ? [] : field === 'reasoning' ? { effort: 'low' } : 'other'
            const conversation = new Conversation(stage)
            await conversation.turn('One')
            expectAnswer(stage, await conversation.turn('Two', { [field]: value }), 2)
            expect(conversation.wasIncremental).toBe(false)
            expectContext(stage, 2, conversation.history.slice(0, 3))
          },
        }),
      ),
      onWebSocket({
        what: 'forked in two at once',
        async play(stage) {
          const trunk = new Conversation(stage)
          await trunk.turn('One')
          const [left, right] = [new Conversation(stage), new Conversation(stage)]
          left.history = [...trunk.history]
          right.history = [...trunk.history]
          const both = await Promise.all([left.turn('Left'), right.turn('Right')])
          for (const { error } of both) expect(error).toBeUndefined()
          const contexts = stage.server.requests.slice(1).map((request) => stage.server.contextOf(request))
          expect(contexts).toHaveLength(2)
          expect(contexts).toContainEqual([...trunk.history, user('Left')])
          expect(contexts).toContainEqual([...trunk.history, user('Right')])
          expect(new Set(waysOf(stage))).toEqual(new Set([1, 2]))
          // Each fork goes on where it was.
          await Promise.all([left.turn('Left again'), right.turn('Right again')])
          for (const { history } of [left, right]) {
            const known = stage.server.requests.slice(3).map((request) => stage.server.contextOf(request))
            expect(known).toContainEqual(history.slice(0, -1))
          }
        },
      }),
    ],
  },
  89: {
    title: 'two continuations at once, or one of a response that is not the latest',
    expectation: 'the first on its WebSocket; the other gets the hook, or the named error at once',
    cases: [
      onWebSocket({
        what: 'at once',
        time: 'by_hand',
        async play(stage) {
          const { server } = stage
          expectAnswer(stage, await stage.call({ store: false }), 1)
          server.script([{ at: 'before_event', event: 1, effect: 'stall' }])
          const first = stage.call({ store: false, previous_response_id: 'resp_1' })
          await server.waitFor('fault')
          expectLost(stage, await stage.call({ store: false, previous_response_id: 'resp_1' }))
          server.release()
          expect((await first).error).toBeUndefined()
          expect(waysOf(stage)).toEqual([1, 1])
        },
      }),
      onWebSocket({
        what: 'no longer the latest',
        async play(stage) {
          expectAnswer(stage, await stage.call({ store: false }), 1)
          expect((await stage.call({ store: false, previous_response_id: 'resp_1' })).error).toBeUndefined()
          expectLost(stage, await stage.call({ store: false, previous_response_id: 'resp_1' }))
          expect(waysOf(stage)).toEqual([1, 1])
        },
      }),
      ...(['earlier', 'nothing before created'] as const).map((what) =>
        onWebSocket({
          what: what === 'earlier' ? 'late events of an earlier response' : what,
          endpoint: [
            'ok',
            what === 'earlier'
              ? { at: 'before_event', event: 0, effect: 'earlier_events', from: -4 }
              : { at: 'before_event', event: 0, effect: 'earlier_events', from: FIRST_DELTA, to: FIRST_DELTA + 2 },
            'ok',
          ],
          async play(stage) {
            expectAnswer(stage, await stage.call(), 1)
            expectAnswer(stage, await stage.call(), 3)
            expect(stage.codes).toEqual(['wrong_response'])
            expect(waysOf(stage)).toEqual([1, 1, 2])
          },
        }),
      ),
    ],
  },
}
