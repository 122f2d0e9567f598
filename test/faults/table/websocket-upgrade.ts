import { expect } from 'vitest'
import type { Fault } from '../../../src/testing/server.ts'
import { testCertificate } from '../../support/certificates.ts'
import { connectProxy } from '../../support/connect-proxy.ts'
import type { Chapter } from '../support/row.ts'
import { CERTIFICATE, type SocketStage } from '../support/socket-stage.ts'
import { expectAnswer, onWebSocket, waysOf } from '../support/websocket.ts'

const MINUTES = 60_000
const OF_CLIENT = testCertificate({ hosts: ['client.test'] })

const refused = (status: number, more: { headers?: Record<string, string>; body?: string } = {}): Fault => ({
  at: 'upgrade',
  effect: 'status',
  status,
  ...more,
})

/** The first call is answered over HTTP, and so are the next ones, without another upgrade. */
async function expectFallback(stage: SocketStage, upgrades: number): Promise<void> {
  const { server } = stage
  expectAnswer(stage, await stage.call(), 1)
  expectAnswer(stage, await stage.call(), 2)
  expect(waysOf(stage)).toEqual(['http', 'http'])
  expect(server.sockets).toHaveLength(upgrades)
}

/** Upgrades to WebSockets that fail, and messages that are too large for one. */
export const WEBSOCKET_UPGRADE: Chapter = {
  75: {
    title: 'an upgrade is answered with something else than 101',
    expectation: 'HTTP in the same call, remembered; a hint is waited for, a credential is refreshed',
    cases: [
      ...[426, 404, 405, 403, 500, 502, 200].map((status) =>
        onWebSocket({
          what: `${status}`,
          always: refused(status, status === 200 ? { body: '<html>', headers: { 'content-type': 'text/html' } } : {}),
          play: (stage) => expectFallback(stage, 1),
        }),
      ),
      onWebSocket({
        what: 'a 101 that is none',
        always: {
          at: 'upgrade',
          effect: 'garbage',
          bytes: 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
        },
        play: (stage) => expectFallback(stage, 1),
      }),
      onWebSocket({
        what: 'probed after fallbackMs',
        always: refused(426),
        async play(stage) {
          await expectFallback(stage, 1)
          stage.server.clearFaults()
          await stage.pass(10 * MINUTES)
          // The probe opens a WebSocket beside the call.
          expectAnswer(stage, await stage.call(), 3)
          expect(waysOf(stage).at(-1)).toBe('http')
          await stage.server.waitFor('socket_open')
          await stage.settle()
          expectAnswer(stage, await stage.call(), 4)
          expect(waysOf(stage).at(-1)).toBe(2)
        },
      }),
      ...[429, 503].map((status) =>
        onWebSocket({
          what: `${status} with a hint`,
          endpoint: [refused(status, { headers: { 'retry-after': '3' } })],
          async play(stage) {
            expectAnswer(stage, await stage.call(), 1)
            expect(waysOf(stage)).toEqual([2])
            expect(stage.decisions).toMatchObject([{ retry: true, lane: 'pushback' }])
            expect((stage.decisions[0] as { delayMs?: number }).delayMs).toBeGreaterThanOrEqual(3000)
          },
        }),
      ),
      onWebSocket({
        what: '401, then a new token',
        options: {
          apiKey: undefined,
          headers: ({ refresh }) => ({ authorization: refresh ? 'Bearer new' : 'Bearer old' }),
        },
        endpoint: [refused(401)],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          expect(stage.server.sockets.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
          expect(waysOf(stage)).toEqual([2])
        },
      }),
    ],
  },
  76: {
    title: 'an upgrade is never answered, late, or half answered',
    expectation: 'cut at connectMs, once more, then HTTP, remembered',
    cases: [
      onWebSocket({
        what: 'never',
        always: { at: 'upgrade', effect: 'stall' },
        play: (stage) => expectFallback(stage, 2),
      }),
      onWebSocket({
        what: 'half',
        always: { at: 'inside_upgrade', effect: 'stall' },
        play: (stage) => expectFallback(stage, 2),
      }),
      onWebSocket({
        what: 'after connectMs',
        time: 'flows',
        always: { at: 'upgrade', effect: 'delay', ms: 15_000 },
        play: (stage) => expectFallback(stage, 2),
      }),
      onWebSocket({
        what: 'reset twice',
        endpoint: [
          { at: 'upgrade', effect: 'reset' },
          { at: 'inside_upgrade', effect: 'reset' },
        ],
        play: (stage) => expectFallback(stage, 2),
      }),
      onWebSocket({
        what: 'late, within connectMs',
        time: 'flows',
        endpoint: [{ at: 'upgrade', effect: 'delay', ms: 5000 }],
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          expect(waysOf(stage)).toEqual([1])
        },
      }),
    ],
  },
  88: {
    title: 'a message that is too large for the endpoint',
    expectation: 'HTTP',
    cases: [
      onWebSocket({
        what: 'above maxMessageBytes',
        webSocket: { maxMessageBytes: 2000 },
        async play(stage) {
          expectAnswer(stage, await stage.call({ input: 'x'.repeat(2000) }), 1)
          expectAnswer(stage, await stage.call(), 2)
          expect(waysOf(stage)).toEqual(['http', 1])
        },
      }),
      onWebSocket({
        what: 'above what the endpoint announces',
        sockets: { server: { webSocket: { headers: { 'x-codex-websocket-max-message-bytes': '1000' } } } },
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          expectAnswer(stage, await stage.call({ input: 'x'.repeat(1000) }), 2)
          expect(waysOf(stage)).toEqual([1, 'http'])
        },
      }),
      onWebSocket({
        what: 'closed with 1009',
        sockets: { server: { webSocket: { maxMessageBytes: 1000 } } },
        async play(stage) {
          expectAnswer(stage, await stage.call({ input: 'x'.repeat(1000) }), 1)
          expect(waysOf(stage)).toEqual(['http'])
          expect(stage.server.sockets).toMatchObject([{ closeCode: 1009 }])
        },
      }),
    ],
  },
  94: {
    title: 'a proxy in front of the endpoint',
    expectation: 'CONNECT carries WebSockets; where upgrades do not pass, HTTP serves',
    cases: [
      onWebSocket({
        what: 'CONNECT',
        sockets: {
          async beside() {
            const proxy = await connectProxy('tunnel')
            return { options: { proxy: proxy.url }, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() }
          },
        },
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          expect(waysOf(stage)).toEqual([1])
        },
      }),
      onWebSocket({
        what: 'a certificate of the client is asked for',
        options: { tls: { ca: CERTIFICATE.cert, key: OF_CLIENT.key, cert: OF_CLIENT.cert } },
        sockets: {
          schemes: ['https'],
          server: { tls: { key: CERTIFICATE.key, cert: CERTIFICATE.cert, ca: OF_CLIENT.cert } },
        },
        async play(stage) {
          expectAnswer(stage, await stage.call(), 1)
          expect(waysOf(stage)).toEqual([1])
        },
      }),
    ],
  },
}
