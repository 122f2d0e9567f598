import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { type FetchFunction, fetchTransport } from '../../src/transport/fetch-transport.ts'
import { fetched, posting, send } from '../support/recorder.ts'
import { beyondTheStandard, invalid } from '../support/typed.ts'
import { turns } from '../support/until.ts'

const URL_ = 'https://api.test/v1/models'

describe('fetchTransport', () => {
  it.each([undefined, null, 'fetch', {}])('refuses %j in place of a fetch function', (wrong) => {
    expect(() => fetchTransport(invalid(wrong))).toThrow(
      /^fetch: got .*; accepted: a function with the signature of `fetch`/,
    )
  })

  it('calls fetch with an address, plain arguments and no `this`, and does not follow redirects', async () => {
    const calls: unknown[][] = []
    const transport = fetchTransport(async function (this: unknown, ...call: unknown[]) {
      calls.push([this, ...call])
      return new Response('ok')
    } as FetchFunction)
    const dispatcher = {}
    await fetched(transport, URL_, { ...posting('{}'), headers: [['x-mine', 'yes']], dispatcher })
    expect(calls).toEqual([
      [
        undefined,
        URL_,
        {
          method: 'POST',
          headers: new Headers({ 'x-mine': 'yes' }),
          body: Buffer.from('{}'),
          redirect: 'manual',
          signal: expect.any(AbortSignal),
          dispatcher,
        },
      ],
    ])
  })

  it('reports the address of the answer, and headers that fit the decoded body', async () => {
    const response = new Response('ok', { headers: { 'content-encoding': 'gzip', 'content-length': '99', x: 'y' } })
    Object.defineProperty(response, 'url', { value: 'https://elsewhere.test/' })
    Object.defineProperty(response, 'redirected', { value: true })
    const { answer } = await fetched(
      fetchTransport(async () => response),
      URL_,
    )
    expect(answer).toMatchObject({ url: 'https://elsewhere.test/', redirected: true })
    expect(answer?.headers.map(([name]) => name)).toEqual(['content-type', 'x'])
  })

  it.each([
    ['rejects', async () => Promise.reject(new TypeError('fetch failed'))],
    [
      'throws at once',
      () => {
        throw new TypeError('fetch failed')
      },
    ],
    ['answers with something else', async () => invalid<Response>(undefined)],
  ])('reports it as an error when the fetch %s', async (_what, fetch) => {
    const { recorder } = send(fetchTransport(fetch), URL_)
    await recorder.settled()
    recorder.assertOrderly()
    expect(recorder.failure).toBeInstanceOf(TypeError)
  })

  it('reports a body of strings as an error', async () => {
    const body = beyondTheStandard<ReadableStream<Uint8Array>>(ReadableStream.from(['text']))
    const { recorder } = send(
      fetchTransport(async () => new Response(body)),
      URL_,
    )
    await recorder.settled()
    recorder.assertOrderly()
    expect(recorder.failure).toBeInstanceOf(TypeError)
  })

  it('cancels the body of an answer that arrives after the exchange was destroyed', async () => {
    const cancelled = vi.fn()
    let answer = (_response: Response): void => {}
    const fetch: FetchFunction = () => new Promise((resolve) => (answer = resolve))
    const sent = send(fetchTransport(fetch), URL_)
    await turns()
    sent.destroy()
    answer(new Response(new ReadableStream({ cancel: cancelled })))
    await turns()
    expect(cancelled).toHaveBeenCalledTimes(1)
    sent.recorder.assertOrderly()
  })

  it('cancels a body that is being read, or waits, when its exchange is destroyed or drained', async () => {
    for (const how of ['destroy', 'drain'] as const) {
      for (const isPaused of [true, false]) {
        const cancelled = vi.fn()
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(Buffer.from('one')),
          cancel: cancelled,
        })
        const sent = send(
          fetchTransport(async () => new Response(body)),
          URL_,
        )
        await sent.recorder.until('data')
        if (isPaused) sent.exchange.pause()
        await turns()
        sent[how]()
        await turns()
        expect(cancelled).toHaveBeenCalledTimes(1)
        expect(body.locked).toBe(false)
        sent.recorder.assertOrderly()
      }
    }
  })

  it('passes on the caller’s signal if the answer may be handed over unchanged, and leaves no listener on it', async () => {
    const controller = new AbortController()
    let signal: AbortSignal | null | undefined
    const fetch: FetchFunction = async (_input, init) => {
      signal = init?.signal
      return new Response('ok')
    }
    await fetched(fetchTransport(fetch), URL_, { signal: controller.signal })
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    controller.abort(new Error('mine'))
    expect(signal?.reason).toEqual(new Error('mine'))
  })

  it('hands over the original response with its body once its head was reported', async () => {
    const response = new Response('ok')
    const transport = fetchTransport(async () => response)
    const sent = send(transport, URL_)
    expect(() => sent.exchange.takeResponse?.()).toThrow()
    let taken: Response | undefined
    sent.recorder.once('head', () => {
      taken = sent.exchange.takeResponse?.()
    })
    await sent.recorder.until('head')
    await turns()
    expect(taken).toBe(response)
    expect(await taken?.text()).toBe('ok')
    expect(sent.recorder.reports).toEqual(['sent', 'head'])
    expect(transport.stats().leases).toBe(0)
  })
})
