import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type HeadersAttempt, type HeadersCall, headersOfAttempt } from '../../src/call/attempt-headers.ts'
import type { AddedHeaders, InstrumentationProblem } from '../../src/call/call-request.ts'
import { AbortScope } from '../../src/core/abort.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { HeaderPairs } from '../../src/transport/transport.ts'

const url = new URL('https://api.test/v1/responses')
const HEADERS: HeaderPairs = [['x-own', '1']]
const off = { ms: 0, source: 'default' }
const never = (): Promise<HeaderPairs> => new Promise(() => {})

interface Given {
  readonly totalMs?: number
  /** What the caller's headers are made by. */
  readonly headers?: () => Promise<HeaderPairs>
  readonly added?: AddedHeaders
  readonly isRebuilt?: boolean
  readonly signal?: AbortSignal
}

/** The headers of attempts of a call that begins at 1000. */
function headersOf({ totalMs = 0, headers = async () => HEADERS, added, isRebuilt = false, signal }: Given = {}) {
  const clock = new VirtualClock({ startMs: 1000 })
  const scope = new AbortScope(signal)
  const asked: Parameters<HeadersCall['request']['headers']>[0][] = []
  const failed: [attempt: number, index: number, problem: InstrumentationProblem][] = []
  const body = { kind: 'bytes', bytes: new Uint8Array([1]) } as const
  const call: HeadersCall = {
    request: {
      url,
      method: 'POST',
      headers: (ask) => {
        asked.push(ask)
        return headers()
      },
    },
    effective: { body, isRebuilt },
    context: { clock, added },
    scope,
    deadlines: {
      startedAt: 1000,
      total: { ms: totalMs, source: 'option' },
      beforeCommit: off,
      commitAfterMs: 0,
    },
    log: { id: 7, instrumentationFailed: (...told) => void failed.push(told) },
    errorOf: (failure) => new Error(failure.code),
  }
  const get = (attempt: Partial<HeadersAttempt> = {}): Promise<HeaderPairs> =>
    headersOfAttempt(call, { number: 2, refresh: false, ...attempt })
  return { get, clock, scope, asked, failed, body }
}

/** The result of a promise, if it has one. */
async function settled<T>(clock: VirtualClock, promise: Promise<T>): Promise<T | { error: unknown } | 'pending'> {
  let found: T | { error: unknown } | 'pending' = 'pending'
  promise.then(
    (value) => {
      found = value
    },
    (error: unknown) => {
      found = { error }
    },
  )
  await clock.settle()
  return found
}

describe('the headers of an attempt', () => {
  it.each([
    ['without a deadline', 0],
    ['that has as long as they may take', 30_000],
    ['that has longer', 31_000],
  ])('of a call %s are made in the scope of the call', async (_, totalMs) => {
    const h = headersOf({ totalMs })
    expect(await h.get({ refresh: true })).toBe(HEADERS)
    expect(h.asked).toEqual([{ url, body: h.body, callId: 7, attempt: 2, refresh: true, scope: h.scope }])
    expect(h.asked[0]?.scope).toBe(h.scope)
    h.clock.assertNothingPending()
  })

  it('are awaited until the deadline of the call, if that comes first', async () => {
    const h = headersOf({ totalMs: 29_999, headers: never })
    const asking = h.get()
    void asking.catch(() => {})
    await h.clock.advance(29_998)
    expect(await settled(h.clock, asking)).toBe('pending')
    expect(h.asked[0]?.scope).not.toBe(h.scope)
    expect(h.asked[0]?.scope.aborted).toBe(false)
    await h.clock.advance(1)
    expect(await settled(h.clock, asking)).toMatchObject({ error: { message: 'total_timeout' } })
    expect(h.asked[0]?.scope.aborted).toBe(true)
    h.clock.assertNothingPending()
  })

  it('that come before the deadline of the call leave no timer', async () => {
    const h = headersOf({ totalMs: 10 })
    expect(await h.get()).toBe(HEADERS)
    h.clock.assertNothingPending()
  })

  it('of an attempt in a race are given up at the end of the race or the call, and leave no watcher', async () => {
    const h = headersOf({ headers: never })
    let decide = (): void => {}
    const race = {
      whenDecided: (stop: () => void) => {
        decide = stop
      },
    }
    void h.get({ race })
    const [{ scope } = { scope: h.scope }] = h.asked
    expect([scope === h.scope, scope.aborted]).toEqual([false, false])
    decide()
    expect([scope.aborted, h.scope.aborted]).toEqual([true, false])

    const aborted = headersOf({ headers: never })
    void aborted.get({ race })
    aborted.scope.abort('why')
    expect(aborted.asked[0]?.scope.reason).toBe('why')

    const quick = headersOf()
    await quick.get({ race })
    expect(quick.asked[0]?.scope.aborted).toBe(true)
    let watchers = 0
    const { watch } = quick.scope
    quick.scope.watch = (watcher) => {
      watchers++
      const unwatch = watch.call(quick.scope, watcher)
      return () => {
        watchers--
        unwatch()
      }
    }
    await quick.get({ race })
    expect(watchers).toBe(0)
  })

  it('leave no listener on the caller’s signal, whether they were made in a race, in a hurry, or failed', async () => {
    const { signal } = new AbortController()
    const race = { whenDecided: () => {} }
    const listeners = () => getEventListeners(signal, 'abort').length
    const waiting = headersOf({ headers: never, signal })
    void waiting.get({ race })
    expect(listeners()).toBe(1)
    waiting.scope.dispose()
    await headersOf({ signal }).get({ race })
    await headersOf({ signal, totalMs: 50 }).get()
    await headersOf({ signal, headers: () => Promise.reject(new Error('no token')) })
      .get({ race })
      .catch(() => {})
    expect(listeners()).toBe(0)
  })

  it('of a rebuilt request have no content-encoding', async () => {
    const coded: HeaderPairs = [...HEADERS, ['content-encoding', 'gzip']]
    expect(await headersOf({ headers: async () => coded, isRebuilt: true }).get()).toEqual(HEADERS)
    expect(await headersOf({ headers: async () => coded }).get()).toBe(coded)
  })

  it('are taken in the order endpoint, caller, instrumentations: the first of a name counts', async () => {
    const target = {
      url: new URL('https://other.test/v1/responses'),
      headers: (given: HeaderPairs): HeaderPairs => [['x-endpoint', '1'], ...given],
    }
    const added: AddedHeaders = {
      get: async ({ url: asked, method, attempt }, onProblem) => {
        onProblem(1, 'threw')
        return [
          ['x-own', '2'],
          ['x-endpoint', '2'],
          ['x-added', `${method} ${asked.host} ${attempt}`],
          ['x-added', 'again'],
        ]
      },
    }
    const expected = [
      ['x-endpoint', '1'],
      ['x-own', '1'],
    ]
    const h = headersOf({ added })
    expect(await h.get({ target })).toEqual([...expected, ['x-added', 'POST other.test 2']])
    expect([h.asked[0]?.url, h.failed]).toEqual([target.url, [[2, 1, 'threw']]])
    expect(await headersOf().get({ target })).toEqual(expected)
  })

  it('that fail abort the running instrumentations, with the reason', async () => {
    const scopes: AbortScope[] = []
    const added: AddedHeaders = {
      get: ({ running }) => {
        scopes.push(running())
        return never()
      },
    }
    const h = headersOf({ added, headers: () => Promise.reject('refused') })
    await expect(h.get()).rejects.toBe('refused')
    expect([scopes[0]?.reason, h.scope.aborted]).toEqual(['refused', false])
  })
})
