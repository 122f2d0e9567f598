import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import type {
  ConnectionInfo,
  ExchangeObserver,
  ResponseHead,
  TransportRequest,
} from '../../../src/transport/transport.ts'
import type { Carrier } from '../../../src/transport/undici/carrier.ts'
import { UndiciExchange } from '../../../src/transport/undici/exchange.ts'
import { invalid, standIn } from '../../support/typed.ts'
import { turns, until } from '../../support/until.ts'

const RESET = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
const CLIENTS_FAULT = Object.assign(new Error('the body failed'), { code: 'ERR_RESILIENT_BODY' })

interface Given {
  readonly request?: Partial<TransportRequest>
  /** On a dispatcher of the caller's. */
  readonly foreign?: boolean
  /** The connection had carried requests before. */
  readonly served?: number
  readonly dispatch?: () => boolean
  readonly on?: Partial<ExchangeObserver>
}

/** An exchange on a connection and a parser that are played by hand. */
function exchanged({ request, foreign = false, served = 0, dispatch, on }: Given = {}) {
  const clock = new VirtualClock()
  const told: unknown[] = []
  const done: string[] = []
  const controlled: string[] = []
  const controller = {
    rawHeaders: undefined as unknown,
    paused: false,
    pause: () => controlled.push('pause'),
    resume: () => controlled.push('resume'),
    abort: (reason: Error) => controlled.push(`abort ${reason.message}`),
  }
  let dispatched: { readonly options: Record<string, unknown>; readonly handler: UndiciExchange } | undefined
  const dispatcher = {
    dispatch: (options: Record<string, unknown>, handler: UndiciExchange) => {
      dispatched = { options, handler }
      return dispatch?.() ?? true
    },
  }
  const connection = {
    id: 7,
    client: dispatcher,
    served,
    user: undefined as unknown,
    body: undefined as { flush(): void } | undefined,
    flushed: true,
    parsing: false,
    failure: undefined as Error | undefined,
    whyEnded: (reported: Error) => reported,
    expectHead: () => done.push('expect a head'),
    destroy: () => done.push('destroy'),
  }
  const lease = {
    generation: 2,
    client: { giveBack: (back: unknown) => done.push(back === connection ? 'give back' : 'give back another') },
    poison: (reason: string) => done.push(`poison ${reason}`),
    release: () => done.push('release'),
  }
  const carrier = standIn<Carrier>(foreign ? { kind: 'foreign', dispatcher } : { kind: 'leased', lease, connection })
  let callBack!: (error: unknown, carrier: Carrier | undefined) => void
  const observer: ExchangeObserver = {
    connecting: () => told.push('connecting'),
    connected: (info: ConnectionInfo) => told.push(info),
    sending: () => told.push('sending'),
    sent: () => told.push('sent'),
    head: ({ status, statusText, headers }: ResponseHead) => told.push({ status, statusText, headers }),
    data: (chunk) => told.push(Buffer.from(chunk).toString()),
    end: () => told.push('end'),
    error: (error) => told.push(error),
    ...on,
  }
  const exchange = new UndiciExchange(
    {
      url: new URL('https://api.test/v1/responses'),
      method: 'POST',
      headers: [],
      body: { kind: 'none' },
      connection: 'any',
      attempt: 1,
      ...request,
    },
    observer,
    {
      carrierFor: (_request, callback) => {
        callBack = callback
        return () => done.push('give up waiting')
      },
      clock,
      leavePlace: (origin) => done.push(`leave ${origin}`),
      onEnded: (ended) => done.push(ended === exchange ? 'ended' : 'another ended'),
    },
  )
  const own = {
    exchange,
    clock,
    controller,
    connection,
    start: () => callBack(undefined, carrier),
    refuse: (error: unknown) => callBack(error, undefined),
    dispatched: () => dispatched?.options,
    told: () => told.splice(0),
    done: () => done.splice(0),
    controlled: () => controlled.splice(0),
    begin: () => exchange.onRequestStart(standIn(controller)),
    async sent() {
      own.start()
      own.begin()
      exchange.onRequestSent()
      await turns(1)
    },
    head(status = 200, headers: Record<string, string | string[]> = {}) {
      controller.rawHeaders = undefined
      exchange.onResponseStart(standIn(controller), status, headers, 'OK')
    },
    async data(bytes: string | Buffer) {
      exchange.onResponseData(standIn(controller), Buffer.from(bytes))
      await turns(1)
    },
    end: () => exchange.onResponseEnd(),
    fail: (error: Error) => exchange.onResponseError(standIn(controller), error),
    /** Headers have come, and what was told before is forgotten. */
    async answered() {
      await own.sent()
      own.head()
      own.told()
      own.done()
      own.controlled()
    },
  }
  return own
}

const LEFT = ['release', 'leave https://api.test', 'ended']
const CLEAN = ['give back', ...LEFT]
const BROKEN = ['destroy', ...LEFT]

describe('an exchange', () => {
  it('reports each step once, and gives its connection back', async () => {
    const e = exchanged()
    expect(e.dispatched()).toBeUndefined()
    e.start()
    expect(e.dispatched()).toMatchObject({ origin: 'https://api.test', method: 'POST' })
    expect([e.connection.user, e.connection.served, e.told()]).toEqual([e.exchange, 1, []])
    e.exchange.onConnecting()
    e.exchange.onConnected()
    e.begin()
    expect(e.done()).toEqual(['expect a head'])
    e.exchange.onFlushed()
    e.exchange.onRequestSent()
    await turns(1)
    e.exchange.onFlushed()
    e.head(200, { 'x-a': '1' })
    expect(e.told()).toEqual([
      'connecting',
      { generation: 2, reused: false, connectionId: 7 },
      'sending',
      'sent',
      { status: 200, statusText: 'OK', headers: [['x-a', '1']] },
    ])
    expect(e.controller.rawHeaders).toBeNull()
    await e.data('one')
    await e.data('two')
    e.end()
    expect([e.told(), e.done()]).toEqual([['one', 'two', 'end'], CLEAN])
    e.end()
    e.fail(RESET)
    await e.data('more')
    e.exchange.drain()
    e.exchange.destroy()
    expect([e.told(), e.done()]).toEqual([[], []])
    e.clock.assertNothingPending()
  })

  it('on a connection that is open already is connected at once', () => {
    const e = exchanged({ served: 1 })
    e.start()
    expect([e.told(), e.connection.served]).toEqual([[{ generation: 2, reused: true, connectionId: 7 }], 2])
  })

  it('that is ended in `connected` sends nothing', () => {
    let end = (): void => {}
    const e = exchanged({ served: 1, on: { connected: () => end() } })
    end = () => e.exchange.destroy()
    e.start()
    expect([e.dispatched(), e.done()]).toEqual([undefined, BROKEN])
  })

  it('without a carrier fails with the reason', () => {
    const e = exchanged()
    e.refuse(RESET)
    expect([e.told(), e.done()]).toEqual([[RESET], ['ended']])
  })

  it('that undici refuses fails, and blames the connection', () => {
    const error = new Error('no dispatch')
    const e = exchanged({
      dispatch: () => {
        throw error
      },
    })
    e.start()
    expect([e.told(), e.done()]).toEqual([[error], ['poison no dispatch', ...BROKEN]])
  })
})

describe('a request counts as sent', () => {
  it('when the operating system has it, and no sooner', async () => {
    const e = exchanged()
    e.start()
    e.begin()
    e.connection.flushed = false
    e.exchange.onRequestSent()
    await turns(1)
    expect(e.told()).toEqual([])
    e.connection.flushed = true
    e.exchange.onFlushed()
    e.exchange.onFlushed()
    expect(e.told()).toEqual(['sent'])
  })

  it('when its answer comes, if the operating system has it by then', async () => {
    const flushed = exchanged()
    flushed.start()
    flushed.begin()
    flushed.exchange.onRequestSent()
    flushed.head()
    expect(flushed.told()).toMatchObject(['sent', { status: 200 }])
    const early = exchanged()
    early.start()
    early.begin()
    early.head()
    early.exchange.onFlushed()
    early.exchange.onRequestSent()
    await turns(1)
    // What is still being written is of no more interest.
    expect(early.told()).toMatchObject([{ status: 200 }])
  })

  it('never after the end of its exchange', async () => {
    const e = exchanged()
    e.start()
    e.begin()
    e.exchange.onRequestSent()
    e.exchange.destroy()
    await turns(1)
    expect(e.told()).toEqual([])
  })

  it('on a dispatcher of the caller’s when that reports it', async () => {
    const e = exchanged({ foreign: true })
    e.start()
    expect(e.told()).toEqual([])
    e.begin()
    expect(e.told()).toEqual([{ generation: 0, reused: false, connectionId: undefined }])
    e.begin()
    e.exchange.onBodySent()
    e.exchange.onRequestSent()
    await turns(1)
    e.exchange.onBodySent()
    expect(e.told()).toEqual(['sending', 'sent'])
    e.exchange.onConnected()
    e.exchange.poison('why')
    e.head()
    expect(e.controller.rawHeaders).toBeUndefined()
    e.end()
    expect([e.told().at(-1), e.done(), e.controlled()]).toEqual(['end', ['ended'], []])
  })

  it('piece by piece, as the connection alone reports it', () => {
    const e = exchanged()
    e.start()
    e.exchange.onBodySent()
    expect(e.told()).toEqual([])
  })
})

describe('an answer', () => {
  it('may follow any number of interim answers', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    e.head(103)
    e.head(199)
    expect(e.told()).toEqual([])
    e.head(200)
    expect(e.told()).toMatchObject([{ status: 200 }])
  })

  it('without a reason phrase has an empty one', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    e.exchange.onResponseStart(standIn(e.controller), 200, {})
    expect(e.told()).toMatchObject([{ statusText: '' }])
  })

  it('has its headers as they were sent', async () => {
    const answered = async (foreign: boolean, parsed: Record<string, string>) => {
      const e = exchanged({ foreign })
      await e.sent()
      e.told()
      e.controller.rawHeaders = [Buffer.from('X-Raw'), Buffer.from('1')]
      e.exchange.onResponseStart(standIn(e.controller), 200, parsed, 'OK')
      return e.told()
    }
    expect(await answered(true, { 'x-parsed': '1' })).toMatchObject([{ headers: [['x-raw', '1']] }])
    // Our own undici decodes them rightly.
    expect(await answered(false, { 'x-parsed': '1' })).toMatchObject([{ headers: [['x-parsed', '1']] }])
    expect(await answered(false, { 'x-more': '1', 'x-than': '2' })).toMatchObject([{ headers: [['x-raw', '1']] }])
    // Of a dispatcher that has no controller they are what it says.
    const bare = exchanged({ foreign: true })
    bare.start()
    bare.exchange.onResponseStart(invalid(null), 200, { 'x-parsed': '1' }, 'OK')
    expect(bare.told()).toMatchObject([{ headers: [['x-parsed', '1']] }])
  })

  it('that is encoded is decoded, with headers that fit the decoded body', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    e.head(200, { 'content-encoding': 'gzip', 'content-length': '99', 'x-a': '1' })
    expect(e.told()).toMatchObject([{ headers: [['x-a', '1']] }])
    await e.data(zlib.gzipSync('hello'))
    e.end()
    const told: unknown[] = []
    await until(() => {
      told.push(...e.told())
      return told.includes('end')
    }, 'the body has ended')
    expect(told).toEqual(['hello', 'end'])
  })

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 205],
    ['GET', 304],
  ])('to %s with status %i has no body to decode', async (method, status) => {
    const e = exchanged({ request: { method } })
    await e.sent()
    e.told()
    e.head(status, { 'content-encoding': 'gzip', 'content-length': '99' })
    expect(e.told()).toMatchObject([
      {
        headers: [
          ['content-encoding', 'gzip'],
          ['content-length', '99'],
        ],
      },
    ])
    e.end()
    expect(e.told()).toEqual(['end'])
  })

  it('of an unknown coding is passed on unchanged', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    e.head(200, { 'content-encoding': 'of-tomorrow' })
    await e.data('bytes')
    expect(e.told()).toMatchObject([{ headers: [['content-encoding', 'of-tomorrow']] }, 'bytes'])
  })

  it('is handed over in one piece when a read is parsed', async () => {
    const e = exchanged()
    await e.answered()
    e.connection.parsing = true
    await e.data('one ')
    await e.data('two')
    expect(e.told()).toEqual([])
    e.connection.body?.flush()
    expect(e.told()).toEqual(['one two'])
    e.connection.body?.flush()
    expect(e.told()).toEqual([])
  })

  it('is handed over even if undici, being paused, does not read again', async () => {
    const e = exchanged()
    await e.answered()
    e.connection.parsing = true
    e.controller.paused = true
    await e.data('one')
    expect(e.told()).toEqual(['one'])
  })

  it('is handed over at once on a dispatcher of the caller’s, whose reads are unknown', async () => {
    const e = exchanged({ foreign: true })
    await e.answered()
    await e.data('one')
    expect(e.told()).toEqual(['one'])
  })

  it('is not read while it is paused', async () => {
    const e = exchanged()
    await e.answered()
    e.exchange.pause()
    e.exchange.pause()
    expect(e.controlled()).toEqual(['pause'])
    // What one read has brought may still come, and says so again.
    await e.data('late')
    expect([e.controlled(), e.told()]).toEqual([['pause'], ['late']])
    e.exchange.resume()
    e.exchange.resume()
    expect(e.controlled()).toEqual(['resume'])
    await e.data('more')
    expect(e.controlled()).toEqual([])
  })

  it('can be paused before it begins', async () => {
    const e = exchanged()
    e.exchange.pause()
    e.exchange.resume()
    await e.sent()
    e.controlled()
    e.exchange.pause()
    expect(e.controlled()).toEqual(['pause'])
    e.exchange.resume()
    expect(e.controlled()).toEqual(['resume'])
    e.exchange.pause()
    e.controlled()
    e.head()
    expect(e.controlled()).toEqual(['pause'])
    e.exchange.resume()
    expect(e.controlled()).toEqual(['resume'])
  })

  it('that is encoded is not decoded while it is paused', async () => {
    const e = exchanged()
    await e.sent()
    e.head(200, { 'content-encoding': 'gzip' })
    e.told()
    e.exchange.pause()
    await e.data(zlib.gzipSync('hello'))
    await turns(20)
    expect(e.told()).toEqual([])
    e.exchange.resume()
    const told: unknown[] = []
    await until(() => {
      told.push(...e.told())
      return told.includes('hello')
    }, 'it is decoded')
  })

  it('that arrives before its head does not count', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    await e.data('early')
    expect(e.told()).toEqual([])
  })

  it('needs no controller', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    e.exchange.onResponseStart(invalid(null), 200, {}, 'OK')
    e.exchange.pause()
    e.exchange.onResponseData(invalid(null), Buffer.from('x'))
    await turns(1)
    expect(e.told()).toMatchObject([{ status: 200 }, 'x'])
  })

  it('has no empty pieces', async () => {
    const e = exchanged()
    await e.answered()
    e.exchange.pause()
    e.controlled()
    await e.data('')
    expect([e.told(), e.controlled()]).toEqual([[], []])
  })
})

describe('an exchange that fails', () => {
  it('before its answer poisons the connection, and reports the error', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    e.done()
    e.fail(RESET)
    expect([e.told(), e.done()]).toEqual([[RESET], ['poison read ECONNRESET', ...BROKEN]])
  })

  it('in the middle of its answer hands over what it has, and poisons the connection at once', async () => {
    const e = exchanged()
    await e.answered()
    e.exchange.onResponseData(standIn(e.controller), Buffer.from('half'))
    e.fail(RESET)
    expect(e.done()[0]).toBe('poison read ECONNRESET')
    await turns(1)
    expect(e.told()).toEqual(['half', RESET])
    e.end()
    expect(e.told()).toEqual([])
  })

  it('while the rest is decoded poisons the connection at once', async () => {
    const e = exchanged()
    await e.sent()
    e.head(200, { 'content-encoding': 'gzip' })
    e.done()
    await e.data(zlib.gzipSync('hello'.repeat(10_000)).subarray(0, 40))
    e.fail(RESET)
    expect(e.done()).toEqual(['poison read ECONNRESET'])
    await until(() => e.told().includes(RESET), 'it has failed')
  })

  it('by a fault that is not of the connection poisons nothing', async () => {
    const e = exchanged()
    await e.sent()
    e.done()
    e.fail(CLIENTS_FAULT)
    expect(e.done()).toEqual(BROKEN)
    const answered = exchanged()
    await answered.answered()
    answered.fail(CLIENTS_FAULT)
    expect(answered.done()).toEqual(BROKEN)
  })

  it('by a value that is not an error poisons the connection, too', () => {
    const e = exchanged()
    e.start()
    e.exchange.fail('why')
    expect([e.told(), e.done()]).toEqual([['why'], ['poison failed', ...BROKEN]])
  })

  it('because its connection was reset at the seeming end of its body', async () => {
    const e = exchanged()
    await e.answered()
    e.connection.failure = RESET
    e.end()
    expect(e.told()).toEqual([RESET])
    expect(e.done()).toEqual(expect.arrayContaining(['poison read ECONNRESET', ...BROKEN]))
    // A connection of the caller's is not looked into.
    const foreign = exchanged({ foreign: true })
    await foreign.answered()
    foreign.connection.failure = RESET
    foreign.end()
    expect(foreign.told()).toEqual(['end'])
  })

  it('before its answer has ended ends, too', async () => {
    const e = exchanged()
    await e.sent()
    e.told()
    e.end()
    expect(e.told()).toEqual(['end'])
  })
})

describe('an exchange that is ended', () => {
  it('by destroy() reports nothing more, and its body is read no further', async () => {
    let stopped = 0
    const open = (): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          stopped++
          return { done: true, value: undefined }
        },
      }),
    })
    const e = exchanged({ request: { body: { kind: 'stream', replayable: false, length: undefined, open } } })
    await e.sent()
    e.told()
    e.done()
    const source = e.dispatched()?.body as AsyncIterator<Uint8Array>
    void source.next()
    await turns(1)
    e.exchange.destroy()
    e.exchange.destroy()
    await turns(1)
    expect([e.told(), e.done(), stopped]).toEqual([[], BROKEN, 1])
    e.fail(RESET)
    e.exchange.fail(RESET)
    e.head()
    await e.data('late')
    e.end()
    expect([e.told(), e.done()]).toEqual([[], []])
  })

  it('or is drained reports nothing more of its connection', async () => {
    for (const end of ['destroy', 'drain'] as const) {
      const e = exchanged()
      e.exchange.onConnected()
      e.start()
      e.exchange[end]()
      e.exchange.onConnecting()
      e.exchange.onConnected()
      e.exchange.onFlushed()
      e.exchange.onRequestSent()
      e.exchange.onFlushed()
      await turns(1)
      expect(e.told()).toEqual([])
    }
  })

  it('before there is a carrier stops waiting', () => {
    const e = exchanged()
    e.exchange.destroy()
    expect(e.done()).toEqual(['give up waiting', 'ended'])
  })

  it('before undici has begun is ended in undici, too', () => {
    const e = exchanged()
    e.start()
    e.exchange.destroy()
    e.done()
    e.begin()
    expect([e.controlled(), e.done(), e.told()]).toEqual([['abort the exchange has ended'], [], []])
  })

  it('on a dispatcher of the caller’s is ended in it', async () => {
    const e = exchanged({ foreign: true })
    await e.answered()
    e.exchange.destroy()
    expect(e.controlled()).toEqual(['abort the exchange has ended'])
    expect(e.done()).toEqual(['ended'])
    const early = exchanged({ foreign: true })
    early.start()
    early.exchange.destroy()
    expect(early.done()).toEqual(['ended'])
  })

  it.each<[what: string, happens: (e: ReturnType<typeof exchanged>) => unknown]>([
    ['by a failure', (e) => e.exchange.fail(RESET)],
    ['after more than 64 KB', (e) => [e.exchange.drain(), e.data('x'.repeat(70_000))]],
    ['after 100 ms', (e) => [e.exchange.drain(), e.clock.advance(100)]],
  ])('%s on a dispatcher of the caller’s is ended there', async (_, happens) => {
    const e = exchanged({ foreign: true })
    await e.answered()
    happens(e)
    await turns(5)
    expect(e.controlled()).toContain('abort the exchange has ended')
    const early = exchanged({ foreign: true })
    early.start()
    early.begin()
    early.exchange.drain()
    expect(early.controlled()).toEqual(['abort the exchange has ended'])
  })

  it('poisons its client on request', () => {
    const e = exchanged()
    e.exchange.poison('early')
    e.start()
    e.exchange.poison('why')
    expect(e.done()).toEqual(['poison why'])
  })
})

describe('an exchange that is drained', () => {
  it('before its answer is ended at once', async () => {
    const e = exchanged()
    await e.sent()
    e.done()
    e.exchange.drain()
    expect(e.done()).toEqual(BROKEN)
  })

  it('reads the rest, reports nothing, and keeps the connection', async () => {
    const e = exchanged()
    await e.answered()
    e.exchange.pause()
    e.controlled()
    e.exchange.drain()
    e.exchange.drain()
    expect([e.controlled(), e.clock.pending().map(({ inMs, unref }) => [inMs, unref])]).toEqual([
      ['resume'],
      [[100, true]],
    ])
    e.exchange.pause()
    e.exchange.resume()
    await e.data('x'.repeat(64 * 1024))
    expect([e.controlled(), e.done()]).toEqual([[], []])
    e.end()
    expect([e.told(), e.done()]).toEqual([[], CLEAN])
    e.clock.assertNothingPending()
  })

  it.each([
    ['more than 64 KB come', async (e: ReturnType<typeof exchanged>) => e.data('x'.repeat(64 * 1024 + 1))],
    ['100 ms have passed', async (e: ReturnType<typeof exchanged>) => e.clock.advance(100)],
  ])('is ended when %s', async (_, happens) => {
    const e = exchanged()
    await e.answered()
    e.exchange.drain()
    await happens(e)
    expect([e.told(), e.done()]).toEqual([[], BROKEN])
    e.clock.assertNothingPending()
  })

  it('counts a rest that arrives in pieces', async () => {
    const e = exchanged()
    await e.answered()
    e.exchange.drain()
    await e.data('x'.repeat(40 * 1024))
    expect(e.done()).toEqual([])
    await e.data('x'.repeat(40 * 1024))
    expect(e.done()).toEqual(BROKEN)
  })

  it('that breaks still poisons the connection', async () => {
    const e = exchanged()
    await e.answered()
    e.exchange.drain()
    e.fail(RESET)
    expect([e.told(), e.done()]).toEqual([[], ['poison read ECONNRESET', ...BROKEN]])
  })

  it('while its decoder has more output keeps the connection', async () => {
    const e = exchanged()
    await e.sent()
    e.head(200, { 'content-encoding': 'gzip' })
    e.told()
    e.done()
    e.exchange.onResponseData(standIn(e.controller), zlib.gzipSync('hello'))
    e.end()
    e.exchange.drain()
    expect([e.told(), e.done()]).toEqual([[], CLEAN])
  })
})
