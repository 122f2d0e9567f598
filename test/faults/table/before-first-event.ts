import { expect } from 'vitest'
import { reasoningStream, toolCallStream } from '../../../src/testing/index.ts'
import { until } from '../../support/until.ts'
import { RESET, SILENT, sendRaw, stall, wait } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'
import type { Stage } from '../support/stage.ts'

const COMMENT = sendRaw(0, ': ping\n\n')
const GONE = /^connection_(?:reset|closed)$/
const FAKES_HAVE_THE_MILLISECOND = { on: 'fakes', because: 'real time has no exact millisecond' } as const

/** The client hung up on the first request, and another connection carried the second. */
function expectAnotherConnection({ requests }: Stage): void {
  const [first, second] = requests
  expect(first?.hungUp).toBe(true)
  expect(second).toMatchObject({ reused: false })
  expect(second?.connection).not.toBe(first?.connection)
}

function atTheCutoff(ms: number, requests: number): Case {
  return {
    what: `it comes after ${ms} ms, with a cutoff of 45 000`,
    only: FAKES_HAVE_THE_MILLISECOND,
    endpoint: [{ at: 'headers', effect: 'delay', ms }],
    options: { timeouts: { ttfbMs: 45_000 } },
    requests,
  }
}

function closedWhileIdle(what: string, effect: 'eof' | 'reset'): Case {
  return {
    what: `${what} crosses the request`,
    options: { maxRetries: 0 },
    endpoint: ['ok', { at: 'headers', effect }, 'ok'],
    play: async (stage) => {
      stage.expectWhole(await stage.call())
      await until(() => stage.client.stats().idleConnections === 1, 'the connection is given back')
      stage.expectWhole(await stage.call())
      expect(stage.decisions).toEqual([expect.objectContaining({ retry: true, transparent: true, delayMs: 0 })])
      expect(stage.requests.map(({ reused }) => reused)).toEqual([false, true, false])
    },
  }
}

/** A connection dies before the first event. */
export const BEFORE_FIRST_EVENT: Chapter = {
  9: {
    title: 'accepted, nothing ever sent',
    expectation: 'cut at ttfbMs, retried; the socket is destroyed',
    cases: [
      {
        endpoint: [SILENT, 'ok'],
        decisions: [{ code: 'ttfb_timeout', retry: true, lane: 'connection', transparent: false }],
        tookMs: [45_000, 45_200],
        check: expectAnotherConnection,
      },
    ],
  },
  10: {
    title: 'headers, then nothing',
    expectation: 'the same, counted from when the request was written',
    cases: [
      { endpoint: [stall(0), 'ok'], codes: ['ttfb_timeout'], check: expectAnotherConnection },
      {
        what: 'headers after 30 s',
        time: 'flows',
        endpoint: [[{ at: 'headers', effect: 'delay', ms: 30_000 }, stall(0)], 'ok'],
        codes: ['ttfb_timeout'],
        tookMs: [45_000, 45_200],
      },
    ],
  },
  11: {
    title: 'comments, and never an event',
    expectation: 'the same: comments are no first byte',
    cases: [
      {
        time: 'flows',
        endpoint: [[COMMENT, wait(0, 20_000), COMMENT, wait(0, 20_000), COMMENT, stall(0)], 'ok'],
        codes: ['ttfb_timeout'],
        tookMs: [45_000, 45_200],
      },
    ],
  },
  12: {
    title: 'dead on every attempt',
    expectation:
      'bounded; cutoffs grow to twice the first; one error with all attempts; the drop-in never later than beforeCommitMs',
    cases: [
      {
        options: { maxRetries: 3 },
        endpoint: [SILENT, SILENT, SILENT, SILENT],
        sees: {
          error: 'ttfb_timeout',
          with: {
            giveUpReason: 'retries_exhausted',
            retryable: true,
            replaySafety: 'safe',
            message: expect.stringMatching(/timed out.*ttfb/),
            cause: { code: 'ETIMEDOUT' },
            attempts: [45_000, 72_000, 90_000, 90_000].map((ms) => ({ deadline: { ms } })),
          },
        },
      },
      {
        what: 'a cutoff that was given stays what it is',
        options: { maxRetries: 2, timeouts: { ttfbMs: 10_000 } },
        endpoint: [SILENT, SILENT, SILENT],
        sees: {
          error: 'ttfb_timeout',
          with: { attempts: [10_000, 10_000, 10_000].map((ms) => ({ deadline: { ms } })) },
        },
      },
      {
        what: 'and a host that stops waiting',
        faces: ['fetch'],
        options: { maxRetries: 100, retry: { budget: false }, beforeCommitMs: 300_000 },
        always: SILENT,
        sees: { error: 'before_commit_timeout' },
        tookMs: [300_000, 300_000],
        check: (_stage, { failure }) => {
          const codes = failure?.attempts.map(({ code }) => code) ?? []
          expect(new Set(codes.slice(0, -1))).toEqual(new Set(['ttfb_timeout']))
        },
      },
    ],
  },
  13: {
    title: 'reset just after the request was written',
    expectation: 'retried',
    cases: [
      {
        endpoint: [RESET, 'ok'],
        codes: [GONE],
        decisions: [{ retry: true, transparent: false }],
        check: (stage) => stage.expectSameBytes(),
      },
    ],
  },
  14: {
    title: 'a pooled socket that the peer has closed',
    expectation: 'reconnected at once and for free',
    cases: [
      {
        what: 'its FIN was seen',
        only: { on: 'sockets', because: 'an idle connection of a fake transport has no peer' },
        options: { maxRetries: 0 },
        endpoint: [{ at: 'after_response', effect: 'half_close' }],
        play: async (stage) => {
          stage.expectWhole(await stage.call())
          await until(() => stage.client.stats().connections === 0, 'the end of the connection is seen')
          stage.expectWhole(await stage.call())
          expect(stage.codes).toEqual([])
        },
      },
      closedWhileIdle('FIN', 'eof'),
      closedWhileIdle('RST', 'reset'),
    ],
  },
  15: {
    title: 'a server that never reads the body',
    expectation: 'cut at sendMs; a slow upload is not',
    cases: [
      {
        endpoint: [{ at: 'request_body', effect: 'stall' }, 'ok'],
        // More than the buffers of two sockets hold.
        body: { input: 'x'.repeat(16_000_000) },
        codes: ['send_timeout'],
      },
      {
        what: 'it reads slowly',
        only: { on: 'fakes', because: 'the buffers of a socket take what a slow reader does not: see `elsewhere`' },
        endpoint: [{ upload: { parts: 10, everyMs: 29_000 } }],
        codes: [],
      },
    ],
    elsewhere: [['test/transport/undici/sending.test.ts', 'a server reads slowly']],
  },
  16: {
    title: 'the first event at the very cutoff',
    expectation: 'exactly one outcome',
    cases: [
      atTheCutoff(44_999, 1),
      atTheCutoff(45_001, 2),
      {
        what: 'it comes in the turn of the cutoff',
        only: { on: 'sockets', because: 'a fake transport delivers either in front of the cutoff or after it' },
        time: 'by_hand',
        sockets: {
          play: async (stage) => {
            stage.plays([SILENT])
            const call = stage.call()
            await stage.struck()
            stage.server.release()
            await stage.clock.hurry()
            // Either it was cut and the next attempt answers, or it was not; no caller sees which.
            while (stage.client.stats().activeCalls > 0) await stage.pass(50)
            stage.expectWhole(await call)
          },
        },
      },
    ],
  },
  17: {
    title: 'no cutoff before the first event',
    expectation: 'never cut by it; the stale deadline holds',
    cases: [
      {
        options: { timeouts: { ttfbMs: 0, staleMs: 400_000 } },
        endpoint: [SILENT, 'ok'],
        codes: ['stale_timeout'],
        tookMs: [400_000, 400_200],
      },
    ],
  },
  18: {
    title: 'a stream of reasoning or tool calls alone',
    expectation: 'has its first byte',
    cases: [
      { what: 'reasoning', answer: reasoningStream() },
      { what: 'a tool call', answer: toolCallStream() },
    ].map((given) => ({ ...given, time: 'flows', endpoint: [[wait(4, 250_000)]], codes: [], requests: 1 })),
  },
  19: {
    title: 'slower than the fixed cutoff, within the automatic one',
    expectation: 'not cut',
    cases: [
      {
        time: 'flows',
        body: { reasoning: { effort: 'high' } },
        endpoint: [{ at: 'headers', effect: 'delay', ms: 290_000 }],
        codes: [],
        requests: 1,
      },
    ],
  },
}
