import { describe, expect, it } from 'vitest'
import type { Socket } from '../../../src/transport/undici/connector.ts'
import { Wire } from '../../../src/transport/undici/wire.ts'
import { standIn } from '../../support/typed.ts'

type Done = (error?: Error | null) => void

/** A wire over a socket that is played by hand, and what it told. */
function wired(...pieces: readonly string[]) {
  const told: string[] = []
  const rest = pieces.map((piece) => Buffer.from(piece))
  const written: { readonly chunk: unknown; readonly encoding: unknown; readonly done: Done }[] = []
  const waiting: string[] = []
  const socket = {
    destroyed: false,
    /** Called for each `readable`. */
    onReadable: () => {},
    get readableLength() {
      return waiting.join('').length
    },
    emit(event: string) {
      told.push(event)
      socket.onReadable()
    },
    push(bytes: Buffer) {
      waiting.push(String(bytes))
      return waiting.length < 2
    },
    read(this: unknown) {
      expect(this).toBe(socket)
      return rest.shift() ?? null
    },
    write(this: unknown, chunk: unknown, encoding: unknown, done: Done) {
      expect(this).toBe(socket)
      written.push({ chunk, encoding, done })
      return false
    },
  }
  const wire = new Wire(standIn<Socket>(socket), 1000, {
    user: { onFlushed: () => told.push('flushed') },
    body: { flush: () => told.push('parsed') },
  })
  return { wire, socket: standIn<Socket>(socket), fake: socket, written, told, rest, waiting }
}

describe('a wire', () => {
  it('reports a read as parsed when undici reads again', () => {
    const { wire, socket, told } = wired('one', 'two')
    expect(wire.parsing).toBe(false)
    expect([String(socket.read()), wire.parsing, told]).toEqual(['one', true, []])
    expect([String(socket.read()), wire.parsing, told]).toEqual(['two', true, ['parsed']])
    expect([socket.read(), wire.parsing, told]).toEqual([null, false, ['parsed', 'parsed']])
    expect([socket.read(), told.length]).toEqual([null, 2])
  })

  it('reads no further after the last answer', () => {
    const { socket, fake, told, rest } = wired('one', 'two')
    socket.read()
    fake.destroyed = true
    expect([socket.read(), told, rest.length]).toEqual([null, ['parsed'], 1])
  })

  it('reads the bytes after a head as they arrive', () => {
    const { wire, socket } = wired('HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n')
    wire.expectHead()
    socket.read()
    expect(String(socket.read())).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  })

  it('is flushed whenever all written bytes are accepted', () => {
    const { wire, socket, written, told } = wired()
    expect(wire.flushed).toBe(true)
    expect(socket.write('one', 'latin1')).toBe(false)
    socket.write('two')
    expect(written.map(({ chunk, encoding }) => [chunk, encoding])).toEqual([
      ['one', 'latin1'],
      ['two', undefined],
    ])
    written[0]?.done()
    expect([wire.flushed, told]).toEqual([false, []])
    written[1]?.done(null)
    expect([wire.flushed, told]).toEqual([true, ['flushed']])
    socket.write('three')
    written[2]?.done(new Error('EPIPE'))
    expect([wire.flushed, told]).toEqual([false, ['flushed']])
  })
})

describe('the bytes that a socket has just read', () => {
  const bytes = (text: string): Buffer => Buffer.from(text)

  it('are parsed at once, without the stream of the socket', () => {
    const { wire, socket, fake, told, rest, waiting } = wired('of the stream')
    const parsed: unknown[] = []
    fake.onReadable = () => parsed.push(String(socket.read()), wire.parsing, socket.read(), wire.parsing)
    expect(wire.receive(bytes('one'))).toBe(true)
    expect(wire.receive(bytes('two'))).toBe(true)
    expect(parsed).toEqual(['one', true, null, false, 'two', true, null, false])
    expect([told, rest, waiting]).toEqual([['readable', 'parsed', 'readable', 'parsed'], [bytes('of the stream')], []])
    expect(String(socket.read())).toBe('of the stream')
  })

  it('wait in the stream while undici is paused, in their order', () => {
    const { wire, told, waiting } = wired()
    expect([wire.receive(bytes('one')), wire.receive(bytes('two'))]).toEqual([true, false])
    expect([told, waiting]).toEqual([['readable'], ['one', 'two']])
  })

  it('wait in the stream while others are parsed', () => {
    const { wire, socket, fake, waiting } = wired()
    fake.onReadable = () => {
      socket.read()
      wire.receive(bytes('two'))
    }
    expect([wire.receive(bytes('one')), waiting]).toEqual([true, ['two']])
  })

  it('are continued with what undici has given back to the stream', () => {
    const { wire, socket, fake, waiting } = wired('given back')
    const parsed: unknown[] = []
    fake.onReadable = () => {
      parsed.push(String(socket.read()))
      waiting.push('given back')
      parsed.push(String(socket.read()))
    }
    wire.receive(bytes('one'))
    expect(parsed).toEqual(['one', 'given back'])
  })

  it('are not taken by a look for the end', () => {
    const { wire, socket, fake, rest } = wired('for the look')
    const parsed: unknown[] = []
    fake.onReadable = () => parsed.push(String(socket.read(0)), String(socket.read()))
    wire.receive(bytes('one'))
    expect([parsed, rest]).toEqual([['for the look', 'one'], []])
  })

  it('are not kept for a socket that was destroyed over them', () => {
    const { wire, fake, waiting } = wired()
    fake.onReadable = () => {
      fake.destroyed = true
    }
    expect([wire.receive(bytes('one')), waiting]).toEqual([true, []])
  })

  it('do not stop the next ones if parsing them throws', () => {
    const { wire, socket, fake } = wired()
    fake.onReadable = () => {
      socket.read()
      throw new Error('of a listener')
    }
    expect(() => wire.receive(bytes('one'))).toThrow('of a listener')
    let next: Buffer | null = null
    fake.onReadable = () => {
      next = socket.read()
    }
    wire.receive(bytes('two'))
    expect(next).toEqual(bytes('two'))
  })

  it('pass the filter of interim answers', () => {
    const { wire, socket, fake, told } = wired()
    const parsed: unknown[] = []
    fake.onReadable = () => parsed.push(socket.read()?.toString() ?? null)
    wire.expectHead()
    wire.receive(bytes('HTTP/1.1 100 Continue\r\n\r\n'))
    wire.receive(bytes('HTTP/1.1 200 OK\r\n\r\n'))
    expect([parsed, told]).toEqual([
      [null, 'HTTP/1.1 200 OK\r\n\r\n'],
      ['readable', 'readable'],
    ])
  })
})
