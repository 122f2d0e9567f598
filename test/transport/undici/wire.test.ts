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
  const socket = {
    destroyed: false,
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
  return { wire, socket: standIn<Socket>(socket), fake: socket, written, told, rest }
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
