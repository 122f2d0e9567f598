import { describe, expect, it } from 'vitest'
import { headersDown, headersUp } from '../../src/sidecar/headers.ts'

describe('headers from a client to the upstream', () => {
  it('leaves out those of the connection, those that Connection names, and the token', () => {
    const raw = [
      ...['Host', 'localhost', 'Connection', 'close, X-Hop', 'X-Hop', '1', 'Transfer-Encoding', 'chunked'],
      ...['TE', 'trailers', 'Content-Length', '5', 'Accept-Encoding', 'br', 'X-Sidecar-Token', 'secret', 'Expect', 'x'],
      ...['Authorization', 'Bearer k', 'session-id', 's', 'X-Two', 'a', 'X-Two', 'b', 'Content-Encoding', 'zstd'],
    ]
    expect(headersUp(raw, new Set())).toEqual([
      ['authorization', 'Bearer k'],
      ['session-id', 's'],
      ['x-two', 'a'],
      ['x-two', 'b'],
      ['content-encoding', 'zstd'],
    ])
    expect(headersUp(['Authorization', 'Bearer k'], new Set(['authorization']))).toEqual([])
  })
})

describe('headers from the upstream to a client', () => {
  it('leaves out those of the connection, and keeps every cookie', () => {
    const headers = new Headers([
      ['connection', 'keep-alive, x-hop'],
      ['x-hop', '1'],
      ['keep-alive', 'timeout=5'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-codex-turn-state', 't'],
      ['content-length', '7'],
    ])
    expect(headersDown(headers, false)).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-codex-turn-state', 't'],
    ])
    expect(headersDown(headers, true)).toContainEqual(['content-length', '7'])
  })
})
