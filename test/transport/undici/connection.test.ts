import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Connection, type ConnectionOptions } from '../../../src/transport/undici/connection.ts'
import type { Socket } from '../../../src/transport/undici/connector.ts'
import { invalid, standIn } from '../../support/typed.ts'
import { turns } from '../../support/until.ts'

type Connected = (error: Error | null, socket: Socket | null) => void

/** As much of undici's client as a connection sees. */
class FakeClient extends EventEmitter {
  static last: FakeClient
  readonly origin: URL
  readonly options: Record<string, unknown>
  destroyed = false
  closed = false
  causes: Error[] = []
  rejects = false

  constructor(origin: URL, options: Record<string, unknown>) {
    super()
    this.origin = origin
    this.options = options
    FakeClient.last = this
  }

  async destroy(cause: Error): Promise<void> {
    this.destroyed = true
    this.causes.push(cause)
    if (this.rejects) throw new Error('it would not')
  }

  /** Asks for the socket, as undici does: what it gets. */
  claim(): unknown[] {
    const got: unknown[] = []
    ;(this.options.connect as (target: unknown, callback: Connected) => void)({}, (error, socket) =>
      got.push(error ?? socket),
    )
    return got
  }
}

vi.mock('../../../src/transport/undici/undici-parts.ts', () => ({
  loadedClient: () => FakeClient,
}))

/** A socket whose writes are accepted when the test says so. */
class FakeSocket extends PassThrough {
  readonly written: { readonly chunk: unknown; readonly encoding: unknown; readonly done: (error?: Error) => void }[] =
    []
  readonly refs: string[] = []
  override write = standIn<PassThrough['write']>(
    (chunk: unknown, encoding: unknown, done: (error?: Error) => void): boolean => {
      this.written.push({ chunk, encoding, done })
      return false
    },
  )

  ref(): void {
    this.refs.push('ref')
  }

  unref(): void {
    this.refs.push('unref')
  }
}

beforeEach(() => {
  FakeClient.last = invalid(undefined)
})

/** A connection whose socket is opened by hand. */
function connected(given: Partial<ConnectionOptions> = {}) {
  const told: string[] = []
  const dials: { readonly origin: URL; readonly callback: Connected; isDestroyed: boolean }[] = []
  const connection = new Connection({
    connector: standIn({
      open: (origin: URL, callback: Connected) => {
        const dial = { origin, callback, isDestroyed: false }
        dials.push(dial)
        return { destroy: () => (dial.isDestroyed = true) }
      },
    }),
    origin: new URL('https://api.test'),
    keepAliveMs: 1000,
    maxHeaderBytes: 5000,
    onEnded: (ended) => told.push(ended === connection ? 'ended' : 'another ended'),
    onClosed: (closed) => told.push(closed === connection ? 'closed' : 'another closed'),
    ...given,
  })
  const user = {
    onConnecting: () => told.push('connecting'),
    onConnected: () => told.push('connected'),
    onFlushed: () => told.push('flushed'),
  }
  connection.user = user
  connection.body = { flush: () => told.push('parsed') }
  const socket = new FakeSocket()
  return {
    connection,
    client: FakeClient.last,
    socket,
    user,
    dials,
    told: () => told.splice(0),
    open: (error: Error | null = null) => dials[0]?.callback(error, error === null ? standIn<Socket>(socket) : null),
    write: (...args: unknown[]) => (socket.write as (...given: unknown[]) => boolean)(...args),
  }
}

describe('a connection', () => {
  it('speaks HTTP/1.1 with our deadlines, one request at a time', () => {
    const { client } = connected()
    expect(client.origin).toEqual(new URL('https://api.test'))
    expect(client.options).toMatchObject({
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 1000,
      keepAliveMaxTimeout: 1000,
      keepAliveTimeoutThreshold: 1000,
      maxHeaderSize: 5000,
    })
    expect(connected({ keepAliveMs: 0, maxHeaderBytes: 0 }).client.options).toMatchObject({
      keepAliveTimeout: 1,
      keepAliveMaxTimeout: 1,
      maxHeaderSize: 2 ** 31 - 1,
    })
  })

  it('has a unique number', () => {
    const [one, two] = [connected(), connected()]
    expect(two.connection.id - one.connection.id).toBe(1)
  })

  it('opens its socket when undici asks for it', () => {
    const c = connected()
    expect([c.dials, c.connection.usable]).toEqual([[], true])
    const got = c.client.claim()
    expect([c.told(), c.dials.length, c.dials[0]?.origin.href]).toEqual([['connecting'], 1, 'https://api.test/'])
    c.open()
    expect([got, c.told(), c.socket.refs, c.connection.usable]).toEqual([[c.socket], ['connected'], ['ref'], true])
  })

  it('gives undici the reason if it cannot be opened', () => {
    const c = connected()
    const got = c.client.claim()
    const error = new Error('refused')
    c.open(error)
    expect([got, c.told()]).toEqual([[error], ['connecting']])
  })

  it('gives undici a reason for a socket that is closed already', () => {
    const c = connected()
    const got = c.client.claim()
    c.socket.destroy()
    c.open()
    expect(got).toMatchObject([{ code: 'ECONNRESET', message: 'the connection has ended' }])
  })

  it('has one socket for its whole life', () => {
    const c = connected()
    c.client.claim()
    expect(c.client.claim()).toMatchObject([{ code: 'ECONNRESET', message: 'the connection has ended' }])
    c.open()
    expect(c.client.claim()).toMatchObject([{ code: 'ECONNRESET' }])
    expect(c.dials).toHaveLength(1)
    const ended = connected()
    ended.connection.destroy()
    expect(ended.client.claim()).toMatchObject([{ code: 'ECONNRESET' }])
    expect(ended.dials).toEqual([])
  })

  it.each<[what: string, happens: (c: ReturnType<typeof connected>) => unknown]>([
    ['it has ended', (c) => c.connection.destroy()],
    ['undici has ended it', (c) => (c.client.destroyed = true)],
    ['undici is ending it', (c) => (c.client.closed = true)],
    ['its socket is gone', (c) => c.socket.destroy()],
    ['its socket was ended by us', (c) => c.socket.end()],
    ['its socket was ended by the peer', (c) => Object.defineProperty(c.socket, 'readableEnded', { value: true })],
  ])('is of no use when %s', (_, happens) => {
    const c = connected()
    c.client.claim()
    c.open()
    expect(c.connection.usable).toBe(true)
    happens(c)
    expect(c.connection.usable).toBe(false)
  })

  it('keeps the first failure of its socket', () => {
    const c = connected()
    c.client.claim()
    c.open()
    expect(c.connection.failure).toBeUndefined()
    const error = new Error('reset')
    c.socket.emit('error', error)
    c.socket.emit('error', new Error('again'))
    expect(c.connection.failure).toBe(error)
  })

  it('removes interim answers before the answer of its request, and no other bytes', () => {
    const c = connected()
    c.connection.expectHead()
    c.client.claim()
    c.open()
    const said = (text: string): string => {
      c.socket.push(text)
      return String(c.socket.read())
    }
    const interim = 'HTTP/1.1 103 Early Hints\r\n\r\n'
    expect(said(interim)).toBe(interim)
    c.connection.expectHead()
    expect(said(`${interim}HTTP/1.1 200 OK\r\n\r\n`)).toBe('HTTP/1.1 200 OK\r\n\r\n')
  })
})

describe('what was read', () => {
  it('counts as parsed when undici reads again, during the body of an answer', () => {
    const c = connected()
    expect(c.connection.parsing).toBe(false)
    c.client.claim()
    c.open()
    c.told()
    c.socket.emit('readable')
    c.socket.push('one')
    expect(c.connection.parsing).toBe(false)
    expect(String(c.socket.read())).toBe('one')
    expect([c.connection.parsing, c.told()]).toEqual([true, []])
    expect(c.socket.read()).toBe(null)
    expect([c.connection.parsing, c.told()]).toEqual([false, ['parsed']])
    c.connection.body = undefined
    c.socket.push('two')
    expect([String(c.socket.read()), c.socket.read(), c.told()]).toEqual(['two', null, []])
  })
})

describe('what was written', () => {
  it('is pending until the operating system has it', () => {
    const c = connected()
    c.client.claim()
    c.open()
    c.told()
    expect(c.connection.flushed).toBe(true)
    expect(c.write('one', 'latin1')).toBe(false)
    c.write('two', () => {})
    expect([c.socket.written.map(({ chunk, encoding }) => [chunk, encoding]), c.connection.flushed]).toEqual([
      [
        ['one', 'latin1'],
        ['two', undefined],
      ],
      false,
    ])
    c.socket.written[0]?.done()
    expect([c.connection.flushed, c.told()]).toEqual([false, []])
    c.socket.written[1]?.done()
    expect([c.connection.flushed, c.told()]).toEqual([true, ['flushed']])
    c.connection.user = undefined
    c.write('three')
    c.socket.written[2]?.done()
    expect([c.connection.flushed, c.told()]).toEqual([true, []])
  })

  it('and failed stays unflushed', () => {
    const c = connected()
    c.client.claim()
    c.open()
    c.told()
    c.write('one')
    c.socket.written[0]?.done(new Error('EPIPE'))
    expect([c.connection.flushed, c.told()]).toEqual([false, []])
  })
})

describe('a connection that is opened ahead', () => {
  it('does not keep the process alive, and is handed over in a later tick', async () => {
    const c = connected()
    c.connection.user = undefined
    c.connection.openAhead()
    c.open()
    expect([c.socket.refs, c.told()]).toEqual([['unref'], []])
    c.connection.user = c.user
    const got = c.client.claim()
    expect([got, c.told()]).toEqual([[], []])
    await turns(1)
    expect([got, c.told(), c.socket.refs, c.dials.length]).toEqual([[c.socket], ['connected'], ['unref', 'ref'], 1])
  })

  it('can be claimed while it is being opened', () => {
    const c = connected()
    c.connection.openAhead()
    const got = c.client.claim()
    expect([got, c.dials.length, c.told()]).toEqual([[], 1, ['connecting']])
    c.open()
    expect([got, c.told(), c.socket.refs]).toEqual([[c.socket], ['connected'], ['ref']])
  })

  it('ends when it cannot be opened', () => {
    const c = connected()
    c.connection.openAhead()
    c.open(new Error('refused'))
    expect([c.told(), c.client.destroyed]).toEqual([['ended', 'closed'], true])
  })

  it.each<[what: string, happens: (socket: FakeSocket) => unknown]>([
    ['something comes that nobody asked for', (socket) => socket.push('early')],
    ['its end comes', (socket) => socket.push(null)],
    ['its socket closes', (socket) => socket.destroy()],
  ])('ends when %s', async (_, happens) => {
    const c = connected()
    c.connection.openAhead()
    c.open()
    happens(c.socket)
    await turns(2)
    expect([c.told(), c.connection.usable]).toEqual([['ended', 'closed'], false])
  })

  it('belongs to undici once undici has claimed it', async () => {
    const c = connected()
    c.connection.openAhead()
    c.open()
    c.client.claim()
    await turns(1)
    c.told()
    c.socket.push('an answer')
    await turns(2)
    expect([c.told(), c.connection.usable]).toEqual([[], true])
  })

  it('cannot be claimed after its end', async () => {
    const c = connected()
    c.connection.openAhead()
    c.open()
    const got = c.client.claim()
    c.connection.destroy()
    await turns(1)
    expect(got).toMatchObject([{ code: 'ECONNRESET' }])
  })
})

describe('a connection that is destroyed', () => {
  it('while it is being opened stops opening', () => {
    const c = connected()
    c.client.claim()
    c.told()
    c.connection.destroy()
    c.connection.destroy()
    expect([c.dials[0]?.isDestroyed, c.told(), c.connection.user]).toEqual([true, ['ended', 'closed'], undefined])
    expect(c.client.causes).toMatchObject([
      { code: 'UND_ERR_SOCKET', message: 'the connection ended before the request was written' },
    ])
    expect('cause' in (c.client.causes[0] ?? {})).toBe(false)
  })

  it('is closed when its socket is closed', async () => {
    const c = connected()
    c.client.claim()
    c.open()
    c.told()
    c.connection.destroy(new Error('why'))
    expect([c.told(), c.socket.destroyed, c.dials[0]?.isDestroyed]).toEqual([['ended'], true, false])
    expect(c.client.causes[0]?.cause).toEqual(new Error('why'))
    await turns(2)
    expect(c.told()).toEqual(['closed'])
  })

  it('after its socket was destroyed is closed at once', async () => {
    const c = connected()
    c.client.claim()
    c.open()
    c.socket.destroy()
    await turns(2)
    c.told()
    c.connection.destroy()
    expect(c.told()).toEqual(['ended', 'closed'])
  })

  it('by undici gets the reason', () => {
    const c = connected()
    const why = new Error('other side closed')
    c.client.emit('disconnect', c.client.origin, [], why)
    expect([c.told(), c.client.causes[0]?.cause]).toEqual([['ended', 'closed'], why])
  })

  it('ignores errors of undici', async () => {
    const c = connected()
    c.client.rejects = true
    c.connection.destroy()
    await turns(1)
    expect(c.told()).toEqual(['ended', 'closed'])
  })
})
