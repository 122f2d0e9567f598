import { expect } from 'vitest'
import { connectProxy } from '../../support/connect-proxy.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import { type Act, CERTIFICATE_FAULTS } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'

const times = (count: number, act: Act): Act[] => Array.from({ length: count }, () => act)
const REFUSED: Act = { connect: 'ECONNREFUSED' }
const FOR_GOOD = { giveUpReason: 'unreachable', replaySafety: 'safe', attempts: { length: 5 } }

function proxy(answer: string, code: string, attempts: number): Case {
  return {
    what: answer.slice(0, 12),
    only: { on: 'sockets', because: 'a fake transport has no proxies' },
    time: 'flows',
    options: { maxRetries: 2 },
    sees: { error: code, with: { attempts: { length: attempts } } },
    check: (_stage, { failure }) => {
      expect(JSON.stringify([failure?.message, failure?.cause])).not.toContain('swordfish')
    },
    sockets: {
      beside: async () => {
        const { url, server, asked } = await connectProxy(answer)
        return {
          options: { proxy: url.replace('//', '//user:swordfish@') },
          async [Symbol.asyncDispose]() {
            expect(asked).toHaveLength(attempts)
            await noClientSocketsLeft(server.port)
            await server.close()
          },
        }
      },
    },
  }
}

/** Before and while connecting. */
export const CONNECTING: Chapter = {
  1: {
    title: 'no such host',
    expectation: 'asked twice more, then an error that names the host',
    cases: [
      {
        endpoint: times(3, { connect: 'ENOTFOUND' }),
        sees: {
          error: 'host_not_found',
          with: {
            message: expect.stringMatching(/api\.test|endpoint\.test/),
            replaySafety: 'safe',
            retryable: true,
            attempts: { length: 3 },
          },
        },
      },
    ],
  },
  2: {
    title: 'the resolver times out once',
    expectation: 'retried',
    cases: [{ endpoint: [{ connect: 'EAI_AGAIN' }, 'ok'], codes: ['dns_failed'] }],
  },
  3: {
    title: 'refused for a while, or the network is gone',
    expectation: 'retried with a growing back-off that outlasts 5 s; for good: bounded, typed',
    cases: [
      {
        what: 'refused, then accepting',
        endpoint: [REFUSED, REFUSED, 'ok'],
        codes: ['connection_refused', 'connection_refused'],
      },
      {
        what: 'refused for good',
        endpoint: times(5, REFUSED),
        sees: { error: 'connection_refused', with: FOR_GOOD },
        tookMs: [5000, 20_000],
      },
      {
        what: 'the network is gone for good',
        endpoint: times(5, { connect: 'ENETUNREACH' }),
        sees: { error: 'network_unreachable', with: FOR_GOOD },
        tookMs: [5000, 20_000],
      },
    ],
  },
  4: {
    title: 'a connect black hole',
    expectation: 'cut at connectMs',
    cases: [
      {
        // Five connects: they have a count of their own, beside `maxRetries`.
        endpoint: times(5, { connect: 'never' }),
        options: { maxRetries: 1 },
        body: { conversation: 'conv_1' },
        sees: {
          error: 'connect_timeout',
          with: { phase: 'connecting', replaySafety: 'safe', deadline: { ms: 10_000 }, attempts: { length: 5 } },
        },
        tookMs: [50_000, 60_000],
      },
    ],
  },
  5: {
    title: 'the TLS handshake stalls',
    expectation: 'cut at connectMs',
    cases: [
      {
        only: { on: 'sockets', because: 'a fake transport has no TLS' },
        sockets: { schemes: ['https'] },
        endpoint: [{ at: 'accept', effect: 'stall' }, 'ok'],
        codes: ['connect_timeout'],
      },
    ],
  },
  6: {
    title: 'a certificate that is not to be trusted',
    expectation: 'final: no retry, no downgrade',
    cases: CERTIFICATE_FAULTS.map((certificate) => ({
      what: certificate,
      sockets: { schemes: ['https'] },
      endpoint: [{ certificate }],
      sees: {
        error: 'certificate_rejected',
        with: { giveUpReason: 'not_retryable', phase: 'connecting', retryable: false, attempts: { length: 1 } },
      },
    })),
  },
  7: {
    title: 'a proxy refuses, fails or stalls on CONNECT',
    expectation: 'typed; the stall is timed',
    cases: [
      proxy('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n', 'proxy_refused', 1),
      proxy('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n', 'proxy_failed', 5),
      proxy('nothing', 'connect_timeout', 5),
    ],
  },
  8: {
    title: 'out of files',
    expectation: 'backs off; no tight loop',
    cases: [
      {
        endpoint: [{ connect: 'EMFILE' }, { connect: 'EMFILE' }, 'ok'],
        decisions: [
          { code: 'resources_exhausted', lane: 'pushback', delayMs: 250 },
          { code: 'resources_exhausted', lane: 'pushback', delayMs: 500 },
        ],
      },
    ],
  },
}
