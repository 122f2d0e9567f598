import { expect } from 'vitest'
import type { Fault } from '../../../src/testing/server.ts'
import { deepFreeze } from '../../support/deep-freeze.ts'
import { NOT_FOUND } from '../../support/not-found-shapes.ts'
import { until } from '../../support/until.ts'
import { type Act, ANSWER, RESET, SILENT, STALLED_OUTPUT, stall, status } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'
import type { Stage } from '../support/stage.ts'

const REASON = { why: 'the user pressed stop' }
const HOUR = 3_600_000

/** An hour later still nothing more was sent. */
async function expectSilence(stage: Stage, requests: number): Promise<void> {
  await stage.pass(HOUR)
  expect(stage.requests).toHaveLength(requests)
  const ends = stage.telemetry.filter(({ type }) => type === 'call_end')
  expect(ends.at(0)).toMatchObject({ outcome: 'aborted' })
}

/** The call is aborted once the endpoint has played its act. */
function aborted(where: string, act: Act, { input = 'hi', requests = 1, ...given }: Partial<Aborted> = {}): Case {
  return {
    ...given,
    what: where,
    time: 'by_hand',
    endpoint: [act],
    play: async (stage) => {
      const call = stage.call({ input })
      await stage.struck()
      stage.controller.abort(REASON)
      const { error, events } = await call
      expect(error).toBe(REASON)
      if (stage.face === 'stream') expect(ANSWER.slice(0, events.length)).toEqual(events)
      expect(stage.count('client_poisoned')).toBe(0)
      await expectSilence(stage, requests)
    },
  }
}

interface Aborted extends Case {
  readonly input: string
  readonly requests: number
}

const THROWS = (): never => {
  throw new Error('the listener is broken: sk-planted-secret-1234567890')
}
const NEVER = (): Promise<never> => new Promise(() => {})
const FORGOTTEN = status(400, {}, NOT_FOUND[0]?.[1])

function brokenHook(what: string, hook: () => Promise<never>): Case {
  return {
    what: `a hook ${what}`,
    time: 'flows',
    options: { onPreviousResponseNotFound: hook },
    body: { previous_response_id: 'resp_before' },
    endpoint: [FORGOTTEN],
    sees: { error: 'hook_failed' },
    tookMs: [0, 30_000],
  }
}

/** Aborts, and callbacks that break. */
export const CALLERS: Chapter = {
  61: {
    title: 'abort, wherever the call is',
    expectation: "settles with the caller's reason; nothing is sent afterwards",
    cases: [
      {
        what: 'before dispatch',
        time: 'by_hand',
        play: async (stage) => {
          stage.controller.abort(REASON)
          expect((await stage.call()).error).toBe(REASON)
          expect(stage.requests).toEqual([])
        },
      },
      {
        what: 'in the turn of the call',
        time: 'by_hand',
        play: async (stage) => {
          const call = stage.call()
          stage.controller.abort(REASON)
          expect((await call).error).toBe(REASON)
          await stage.pass(HOUR)
          expect(stage.requests).toEqual([])
        },
      },
      aborted(
        'while connecting',
        { at: 'accept', effect: 'stall' },
        {
          sockets: { schemes: ['https'] },
          only: { on: 'sockets', because: 'over fakes it is the next case' },
          requests: 0,
        },
      ),
      aborted(
        'while nothing answers the SYN',
        { connect: 'never' },
        {
          only: { on: 'fakes', because: 'over sockets it is the case above' },
        },
      ),
      // More than the buffers of two sockets hold.
      aborted('while sending', { at: 'request_body', effect: 'stall' }, { input: 'x'.repeat(16_000_000) }),
      aborted('while waiting', SILENT),
      aborted('after the headers', stall(0)),
      aborted('in the prelude', stall(2)),
      aborted('after output', STALLED_OUTPUT),
      aborted('in the middle of an event', { ...STALLED_OUTPUT, at: 'inside_event' } as Fault),
      {
        what: 'in a back-off sleep',
        time: 'by_hand',
        endpoint: [status(503, { 'retry-after': '30' })],
        play: async (stage) => {
          const call = stage.call()
          await until(() => stage.decisions.length > 0, 'the decision to retry')
          await stage.pass(10_000)
          stage.controller.abort(REASON)
          expect((await call).error).toBe(REASON)
          await expectSilence(stage, 1)
        },
      },
      {
        what: 'while headers() is asked',
        time: 'by_hand',
        options: { headers: NEVER },
        play: async (stage) => {
          const call = stage.call()
          await stage.pass(10)
          stage.controller.abort(REASON)
          expect((await call).error).toBe(REASON)
          await expectSilence(stage, 0)
        },
      },
      {
        what: 'after the end',
        play: async (stage) => {
          stage.expectWhole(await stage.call())
          stage.controller.abort(REASON)
          await stage.pass(HOUR)
          expect(stage.requests).toHaveLength(1)
          stage.renewSignal()
          stage.expectWhole(await stage.call())
        },
      },
      {
        what: "by the caller's own timeout, which is not taken for one of ours",
        time: 'by_hand',
        endpoint: [SILENT],
        play: async (stage) => {
          const call = stage.call()
          await stage.struck()
          const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
          stage.controller.abort(reason)
          expect(await call).toMatchObject({ error: reason, failure: undefined })
        },
      },
    ],
  },
  64: {
    title: 'a body that can be read once',
    expectation: 'sent once',
    cases: [
      { what: 'sent and not answered', failure: RESET, code: /^connection_(?:reset|closed)$/ },
      { what: 'refused', failure: status(503), code: undefined },
    ].map(({ what, failure, code }) => ({
      what,
      faces: ['fetch'],
      endpoint: [failure],
      play: async (stage: Stage) => {
        let opened = 0
        const body = new ReadableStream({
          start(controller) {
            opened++
            controller.enqueue(Buffer.from('{"model":"m","input":"hi","stream":true}'))
            controller.close()
          },
        })
        const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
        const sent = stage.client.fetch(`${stage.url}/v1/responses`, init)
        if (code === undefined) expect((await sent).status).toBe(503)
        else {
          const cause = { code: expect.stringMatching(code), giveUpReason: 'not_replayable', replaySafety: 'unsafe' }
          await expect(sent).rejects.toMatchObject({ cause })
        }
        expect(opened).toBe(1)
        expect(stage.requests).toHaveLength(1)
      },
    })),
  },
  65: {
    title: 'frozen options, used again and again',
    expectation: 'never written to',
    cases: [
      {
        options: deepFreeze({
          timeouts: { ttfbMs: 40_000 },
          retry: { budget: false as const },
          limits: { eventBytes: 100_000 },
          headers: { 'x-team': 'a' },
        }),
        play: async (stage) => {
          const body = deepFreeze({ input: [{ role: 'user', content: 'hi' }], metadata: { a: 'b' } })
          const before = JSON.stringify(body)
          for (let n = 0; n < 20; n++) {
            if (n % 10 === 0) stage.plays([RESET, 'ok'])
            stage.expectWhole(await stage.call(body))
          }
          expect(JSON.stringify(body)).toBe(before)
          expect(new Set(stage.requests.map((request) => request.header('x-team')))).toEqual(new Set(['a']))
        },
      },
    ],
    elsewhere: [['test/incidents/mutated-options.test.ts', 'are never written to, however deep']],
  },
  69: {
    title: 'a listener, headers() or a hook throws or never settles',
    expectation: 'isolated, or typed and bounded',
    cases: [
      { what: 'a listener throws at every event', options: { onEvent: THROWS }, endpoint: [RESET, 'ok'] },
      {
        what: 'headers() throws',
        options: { headers: THROWS },
        sees: { error: 'headers_failed', with: { retryable: false } },
        requests: 0,
        check: (_stage, { failure }) => expect(failure?.message).not.toContain('planted'),
      },
      {
        what: 'headers() never settles',
        time: 'flows',
        options: { headers: NEVER },
        sees: { error: 'headers_timeout' },
        tookMs: [30_000, 30_000],
        requests: 0,
      },
      brokenHook('throws', () => Promise.reject(new Error('no history'))),
      brokenHook('never settles', NEVER),
    ],
  },
  70: {
    title: 'the event loop is blocked, the clock jumps, the machine sleeps',
    expectation: 'no false timeouts',
    cases: [
      {
        only: { on: 'fakes', because: 'real time does not jump' },
        time: 'by_hand',
        options: { timeouts: { ttfbMs: 5000, idleMs: 8000 } },
        everyMs: 3000,
        endpoint: [[{ at: 'headers', effect: 'delay', ms: 3000 }]],
        play: async (stage) => {
          const call = stage.call()
          await stage.pass(1000)
          stage.jump(10_000)
          await stage.pass(1)
          stage.jump(HOUR)
          await stage.pass(HOUR)
          stage.expectWhole(await call)
          expect(stage.decisions).toEqual([])
        },
      },
    ],
    elsewhere: [['test/watchdog/watchdog-lost-time.test.ts', 'does not cut an attempt whose bytes are waiting']],
  },
}
