import { describe, expect, it } from 'vitest'
import type { Socket } from '../../../src/transport/undici/connector.ts'
import { Wire } from '../../../src/transport/undici/wire.ts'
import { standIn } from '../../support/typed.ts'

const FINAL = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const HINTS = 'HTTP/1.0 103\r\nlink: </a>\r\n\r\n'

/** A socket that brings these pieces, one with each read, and what stands between it and undici. */
function wired(pieces: readonly string[], maxBytes: number) {
  const rest = [...pieces]
  const sizes: unknown[] = []
  const socket = standIn<Socket>({
    read(this: unknown, size?: number): Buffer | null {
      expect(this).toBe(socket)
      sizes.push(size)
      const piece = rest.shift()
      return piece === undefined ? null : Buffer.from(piece, 'latin1')
    },
  })
  const wire = new Wire(socket, maxBytes, { user: undefined, body: undefined })
  return { socket, wire, rest, sizes }
}

/** What undici reads of these pieces. */
function filtered(pieces: readonly string[], { maxBytes = 200, expects = true } = {}): string[] {
  const { socket, wire, sizes } = wired(pieces, maxBytes)
  if (expects) wire.expectHead()
  const read: string[] = []
  for (let chunk = socket.read(7); chunk !== null; chunk = socket.read(7))
    read.push((chunk as Buffer).toString('latin1'))
  expect(new Set(sizes)).toEqual(new Set([7]))
  return read
}

describe('interim answers', () => {
  it.each<[what: string, pieces: readonly string[], read: readonly string[]]>([
    ['none', [FINAL], [FINAL]],
    ['one, in a piece of its own', [CONTINUE, FINAL], [FINAL]],
    ['one, in one piece with the final one', [CONTINUE + FINAL], [FINAL]],
    ['several', [CONTINUE + HINTS, CONTINUE + FINAL], [FINAL]],
    ['cut within its status line', ['HTTP/1.1 1', `00 Continue\r\n\r\n${FINAL}`], [FINAL]],
    ['cut within its end', [CONTINUE.slice(0, -1), `\n${FINAL}`], [FINAL]],
    ['cut at every byte', [...(CONTINUE + HINTS)].concat(FINAL), [FINAL]],
    ['without a reason', [`HTTP/1.1 102\r\n\r\n${FINAL}`], [FINAL]],
    ['of a bare line feed', [`HTTP/1.1 102\nx: y\r\n\r\n${FINAL}`], [FINAL]],
  ])('are taken out: %s', (_, pieces, read) => {
    expect(filtered(pieces)).toEqual(read)
  })

  it.each<[what: string, text: string]>([
    ['an upgrade', 'HTTP/1.1 101 Switching\r\n\r\nbytes'],
    ['a longer status', 'HTTP/1.1 1000 No\r\n\r\n'],
    ['another version', 'HTTP/2.0 100 Continue\r\n\r\n'],
    ['another protocol', 'ICY 100 OK\r\n\r\n'],
    ['something before it', ' HTTP/1.1 100 Continue\r\n\r\n'],
    ['a short text that is none', 'HTTQ'],
    ['a final answer', FINAL],
  ])('are not %s', (_, text) => {
    expect(filtered([text, CONTINUE])).toEqual([text, CONTINUE])
  })

  it('that never arrive leave a cut head whole', () => {
    expect(filtered(['HTTP/1.', '1 200 OK\r\n', 'x: y\r\n\r\n'])).toEqual(['HTTP/1.1 200 OK\r\n', 'x: y\r\n\r\n'])
    expect(filtered(['H', 'TTP/1.1 2', '00 OK\r\n\r\n'])).toEqual(['HTTP/1.1 200 OK\r\n\r\n'])
    expect(filtered(['HTTP/1.1 200', ' OK\r\n\r\n'])).toEqual(['HTTP/1.1 200 OK\r\n\r\n'])
    // Thirteen bytes say it.
    expect(filtered(['HTTP/1.1 200 ', 'OK\r\n\r\n'])).toEqual(['HTTP/1.1 200 ', 'OK\r\n\r\n'])
    expect(filtered(['HTTP/1.1 2xx', 'x'])).toEqual(['HTTP/1.1 2xxx'])
  })

  it('are bytes of a body after the head', () => {
    expect(filtered([CONTINUE + FINAL, CONTINUE, FINAL])).toEqual([FINAL, CONTINUE, FINAL])
  })

  it('are left to undici while no request is under way', () => {
    expect(filtered([CONTINUE], { expects: false })).toEqual([CONTINUE])
  })

  it('are held up to a limit, and left to undici above it', () => {
    const head = 'HTTP/1.1 103 Early Hints\r\nx: '
    const [most, more] = [head.padEnd(200, 'y'), head.padEnd(201, 'y')]
    expect(filtered([most])).toEqual([])
    expect(filtered([more])).toEqual([more])
    expect(filtered([most, `\r\n\r\n${FINAL}`])).toEqual([FINAL])
    expect(filtered([most, 'y', CONTINUE])).toEqual([`${most}y`, CONTINUE])
    // A whole one is taken out, however large.
    expect(filtered([`${more}\r\n\r\n${FINAL}`])).toEqual([FINAL])
  })

  it('held for one request do not affect the next', () => {
    const { socket, wire, rest } = wired(['HTTP/1.1 1'], 200)
    wire.expectHead()
    expect(socket.read()).toBeNull()
    wire.expectHead()
    rest.push(FINAL)
    expect(String(socket.read())).toBe(FINAL)
  })
})
