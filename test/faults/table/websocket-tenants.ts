import { expect } from 'vitest'
import type { JsonObject } from '../../../src/testing/index.ts'
import type { Chapter } from '../support/row.ts'
import {
  Conversation,
  expectAnswer,
  expectContext,
  expectLost,
  onWebSocket,
  user,
  waysOf,
} from '../support/websocket.ts'

/** Several tenants on one client. */
export const WEBSOCKET_TENANTS: Chapter = {
  107: {
    title: 'two tenants on one client',
    expectation: "no WebSocket, context or answer of one is ever another's",
    cases: [
      onWebSocket({
        what: 'two credentials, turn by turn',
        async play(stage) {
          const tenants = ['one', 'two'].map((name) => ({ name, conversation: new Conversation(stage) }))
          for (let turn = 0; turn < 4; turn++) {
            for (const { name, conversation } of tenants) {
              const { history } = conversation
              history.push(user(`${name}, turn ${turn}`))
              const headers = { authorization: `Bearer ${name}` }
              const { error, response } = await stage.call({ store: false, input: [...history] }, { headers })
              expect(error).toBeUndefined()
              expectContext(stage, stage.server.requests.length, history)
              history.push(...((response?.output ?? []) as JsonObject[]))
            }
          }
          for (const request of stage.server.requests) {
            const tenant = request.headers.authorization?.replace('Bearer ', '') ?? ''
            const [first] = stage.server.contextOf(request) ?? []
            expect(first?.content).toBe(`${tenant}, turn 0`)
          }
          expect(stage.server.sockets).toHaveLength(2)
          expect(stage.server.stats.byTransport.websocket.requests).toBe(8)
        },
      }),
      onWebSocket({
        what: 'two credentials, 40 calls at once',
        faces: ['stream', 'fetch'],
        async play(stage) {
          const calls = Array.from({ length: 40 }, (_, n) =>
            stage.call({ store: false, input: `of ${n % 4}` }, { headers: { authorization: `Bearer ${n % 4}` } }),
          )
          for (const { error } of await Promise.all(calls)) expect(error).toBeUndefined()
          for (const { json, headers } of stage.server.requests) {
            expect(headers.authorization).toBe(`Bearer ${String((json as JsonObject).input).slice(3)}`)
          }
        },
      }),
      onWebSocket({
        what: 'another account header',
        async play(stage) {
          await stage.call({ store: false }, { headers: { 'chatgpt-account-id': 'a' } })
          await stage.call({ store: false }, { headers: { 'chatgpt-account-id': 'b' } })
          expectLost(
            stage,
            await stage.call(
              { store: false, previous_response_id: 'resp_1' },
              { headers: { 'chatgpt-account-id': 'b' } },
            ),
          )
          expect(waysOf(stage)).toEqual([1, 2])
        },
      }),
      onWebSocket({
        what: 'a rotated token',
        options: { apiKey: undefined, headers: rotating() },
        endpoint: ['ok', { at: 'headers', effect: 'status', status: 401 }, 'ok'],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          expectAnswer(stage, await stage.call(), 3)
          expect(waysOf(stage)).toEqual([1, 1, 2])
          // No later call rides the WebSocket of the old token.
          await stage.server.waitFor('socket_closed')
          expect(stage.server.sockets[0]?.open).toBe(false)
        },
      }),
    ],
  },
}

/** A token that is replaced when it was refused. */
function rotating() {
  return ({ refresh }: { readonly refresh: boolean }) => ({ authorization: refresh ? 'Bearer new' : 'Bearer old' })
}
