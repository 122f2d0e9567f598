import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { AbortScope } from '../../src/core/abort.ts'
import { askEndpointOf, type EndpointOf } from '../../src/endpoints/endpoint-of.ts'
import { VirtualClock } from '../../src/testing/index.ts'

const never = () => new Promise<never>(() => {})

/** Asks in virtual time; `left` is what is left of the time of the call. */
function asked(endpointOf: EndpointOf, leftMs = Infinity) {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const scope = new AbortScope(controller.signal)
  const outOfTime = new Error('the time of the call is over')
  const settled = vi.fn()
  askEndpointOf(endpointOf, 'resp_1', { clock, scope, leftMs, outOfTime: () => outOfTime }).then(
    (value) => settled({ value }),
    (error: unknown) => settled({ error }),
  )
  return {
    clock,
    controller,
    outOfTime,
    /** How it has settled; `undefined` while it has not. Nothing of it is left then. */
    outcome(): { readonly value?: string; readonly error?: Error & { code?: string } } | undefined {
      const [outcome] = settled.mock.calls[0] ?? []
      if (outcome !== undefined) {
        clock.assertNothingPending()
        expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
      }
      return outcome
    },
  }
}

describe('the hook endpointOf', () => {
  it('fails by name if it takes more than 30 s', async () => {
    const a = asked(never)
    await a.clock.advance(29_999)
    expect(a.outcome()).toBeUndefined()
    await a.clock.advance(1)
    expect(a.outcome()?.error).toMatchObject({
      name: 'RequestError',
      code: 'hook_failed',
      message: 'endpointOf timed out: it did not settle within 30 s.',
    })
  })

  it('ends with the time of the call, by the deadline of the call', async () => {
    const a = asked(never, 5000)
    await a.clock.advance(4999)
    expect(a.outcome()).toBeUndefined()
    await a.clock.advance(1)
    expect(a.outcome()?.error).toBe(a.outOfTime)
  })

  it('has its own limit if the call lasts as long or longer', async () => {
    const a = asked(never, 30_000)
    await a.clock.advance(30_000)
    expect(a.outcome()?.error).toMatchObject({ code: 'hook_failed' })
  })

  it('ends with the abort of the call and the caller’s reason, also before it is called', async () => {
    const reason = new RangeError('enough')
    const a = asked(never)
    await a.clock.advance(10)
    a.controller.abort(reason)
    await a.clock.settle()
    expect(a.outcome()?.error).toBe(reason)

    const clock = new VirtualClock()
    const scope = new AbortScope(AbortSignal.abort(reason))
    const context = { clock, scope, leftMs: Infinity, outOfTime: () => new Error('never') }
    await expect(askEndpointOf(never, 'resp_1', context)).rejects.toBe(reason)
    clock.assertNothingPending()
  })

  it('does not cause an unhandled rejection when it rejects late', async () => {
    const { promise, reject } = Promise.withResolvers<string>()
    const a = asked(() => promise, 10)
    await a.clock.advance(10)
    expect(a.outcome()?.error).toBe(a.outOfTime)
    reject(new Error('late'))
    await a.clock.settle()
  })

  it.each<[what: string, said: unknown, value: string | undefined]>([
    ['an address', 'https://b.test/v1', 'https://b.test/v1'],
    ['a promise of one', Promise.resolve('https://b.test/v1'), 'https://b.test/v1'],
    ['null', null, undefined],
    ['a promise of nothing', Promise.resolve(), undefined],
  ])('may say %s', async (_, said, value) => {
    const a = asked((() => said) as EndpointOf)
    await a.clock.settle()
    expect(a.outcome()).toEqual({ value })
  })

  it.each<[what: string, ask: () => unknown, message: RegExp]>([
    ['returns a number', () => 5, /endpointOf returned .*number.*accepted: the baseURL of an endpoint/],
    ['returns a promise of a list', async () => [], /endpointOf returned /],
    ['throws', () => { throw new Error('no database') }, /endpointOf failed: no database/], // biome-ignore format: one line
    ['rejects with no error', () => Promise.reject('words'), /endpointOf failed: no detail/],
  ])('that %s fails by name', async (_, ask, message) => {
    const a = asked(ask as EndpointOf)
    await a.clock.settle()
    expect(a.outcome()?.error).toMatchObject({ code: 'hook_failed', message: expect.stringMatching(message) })
  })
})
