import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type FetchFunction, fetchTransport, findResilientError, ResilientClient } from '../../../src/index.ts'
import { VirtualClock } from '../../../src/testing/index.ts'
import { readAll } from '../../client/harness.ts'
import { turns, until } from '../../support/until.ts'
import {
  type Answer,
  BUSY,
  CUT_AFTER_OUTPUT,
  CUT_IN_PRELUDE,
  EMPTY,
  MODELS,
  NOT_FOUND,
  OPEN_AFTER_OUTPUT,
  SHOWN,
  SILENT,
  WHOLE,
} from './answers.ts'

/** A `fetch` that exists already, whose n-th call gets the n-th answer. */
export interface Wrapped {
  readonly fetch: FetchFunction
  readonly origin: string
  /** The bodies of the requests that came in. */
  readonly received: () => readonly string[]
  /** Whether what the n-th answer is made of was let go by those who read it. */
  isFree(n: number): boolean
  end(): Promise<void>
}

const BODY = '{"model":"m","input":"hi","stream":true}'
const TTFB_MS = 30_000

/** What holds over every `fetch` that is wrapped. */
export function wrappingSuite(name: string, wrap: (answers: readonly Answer[]) => Promise<Wrapped> | Wrapped): void {
  async function world(...answers: Answer[]) {
    const wrapped = await wrap(answers)
    const returned: Response[] = []
    const clock = new VirtualClock()
    const client = new ResilientClient({
      clock,
      random: () => 0,
      timeouts: { ttfbMs: TTFB_MS },
      transport: fetchTransport(async (input, init) => {
        const response = await wrapped.fetch(input, init)
        returned.push(response)
        return response
      }),
    })
    const controller = new AbortController()
    return {
      wrapped,
      returned,
      clock,
      client,
      controller,
      get: () => client.fetch(`${wrapped.origin}/v1/models`, { signal: controller.signal }),
      post: () =>
        client.fetch(`${wrapped.origin}/v1/responses`, { method: 'POST', body: BODY, signal: controller.signal }),
      /** Nothing is left of any call: no lock, no reader, no timer, no listener, no source that still waits. */
      async [Symbol.asyncDispose]() {
        await client.close()
        clock.assertNothingPending()
        expect(client.stats()).toMatchObject({ activeCalls: 0, leases: 0 })
        const held = returned.filter(({ headers }) => headers.get('content-type') === WHOLE.type)
        expect(held.filter(({ body }) => body?.locked)).toEqual([])
        expect(getEventListeners(controller.signal, 'abort')).toEqual([])
        await wrapped.end()
      },
    }
  }

  describe(`fetchTransport over ${name}`, () => {
    it.each([
      ['JSON', MODELS],
      ['an error', NOT_FOUND],
      ['nothing', EMPTY],
    ])('an answer of %s to a call that is not held is the very object', async (_what, answer) => {
      await using w = await world(answer)
      const response = await w.get()
      expect(response).toBe(w.returned[0])
      expect(response.bodyUsed).toBe(false)
      expect(response.status).toBe(answer.status ?? 200)
      expect(await response.text()).toBe(answer.parts.join(''))
    })

    it('a stream passes through as it is, in a real Response', async () => {
      await using w = await world(WHOLE)
      const response = await w.post()
      expect(response).toBeInstanceOf(globalThis.Response)
      expect(response.headers.get('content-type')).toBe(WHOLE.type)
      expect(await readAll(response)).toEqual({ text: WHOLE.parts.join(''), error: undefined })
      expect(w.wrapped.received()).toEqual([BODY])
    })

    it.each([
      ['is cut in the prelude', CUT_IN_PRELUDE],
      ['says that it is busy', BUSY],
    ])('an endpoint that %s is asked again, with the same bytes', async (_what, first) => {
      await using w = await world(first, WHOLE)
      const posted = w.post()
      await until(() => w.wrapped.received().length > 0, 'the first request')
      await advanceUntil(w.clock, () => w.wrapped.received().length === 2)
      expect((await readAll(await posted)).text).toBe(WHOLE.parts.join(''))
      expect(w.wrapped.received()).toEqual([BODY, BODY])
    })

    it('a silent endpoint is cut at the TTFB cutoff, and asked again', async () => {
      await using w = await world(SILENT, WHOLE)
      const posted = w.post()
      await until(() => w.returned.length === 1, 'the first head')
      await turns()
      await w.clock.advance(TTFB_MS - 1)
      expect(w.wrapped.received()).toHaveLength(1)
      await w.clock.advance(1)
      await advanceUntil(w.clock, () => w.wrapped.received().length === 2)
      expect((await readAll(await posted)).text).toBe(WHOLE.parts.join(''))
      await until(() => w.wrapped.isFree(1), 'the silent answer is let go')
    })

    it('what breaks after output is not asked for again: all of it is handed over, then it fails', async () => {
      await using w = await world(CUT_AFTER_OUTPUT)
      const { text, error } = await readAll(await w.post())
      expect(text).toBe(SHOWN.join(''))
      expect(error).toBeInstanceOf(TypeError)
      expect(findResilientError(error)).toMatchObject({ retryable: true, responseStarted: true })
      expect(w.wrapped.received()).toHaveLength(1)
    })

    it.each(['cancel', 'break', 'pending read'] as const)('%s in the middle lets everything go', async (how) => {
      await using w = await world(OPEN_AFTER_OUTPUT)
      const { body } = await w.post()
      if (body === null) throw new Error('no body')
      if (how === 'cancel') await body.cancel()
      else if (how === 'break') for await (const _part of body) break
      else {
        const reader = body.getReader()
        const seen = await reader.read()
        expect(seen.done).toBe(false)
        await reader.cancel()
      }
      await until(() => w.wrapped.isFree(1), 'the answer is let go')
    })

    it('an abort comes out with its reason, and lets everything go', async () => {
      await using w = await world(OPEN_AFTER_OUTPUT)
      const response = await w.post()
      const read = readAll(response)
      await turns()
      const reason = new RangeError('enough')
      w.controller.abort(reason)
      expect((await read).error).toBe(reason)
      await until(() => w.wrapped.isFree(1), 'the answer is let go')
    })
  })
}

/** A wait between attempts may be ahead, or none. */
async function advanceUntil(clock: VirtualClock, condition: () => boolean): Promise<void> {
  await until(() => {
    const next = clock.pending()[0]
    if (!condition() && next !== undefined && next.inMs < TTFB_MS / 2) void clock.advance(next.inMs)
    return condition()
  }, 'the next request')
}
