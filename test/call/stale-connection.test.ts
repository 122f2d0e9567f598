import { describe, expect, it } from 'vitest'
import { diedAsStale } from '../../src/call/stale-connection.ts'
import { failure } from '../../src/errors/failure.ts'

const REUSED = { generation: 1, reused: true, connectionId: 1 }
const SILENT = { connectedAt: 50, lastByteAt: undefined }

describe('a reused connection that died', () => {
  it.each([
    [0, true],
    [1000, true],
    [1001, false],
    [2000, false],
  ])('%i ms after the request began to be written was stale: %s', (ms, expected) => {
    for (const code of ['connection_reset', 'connection_closed'] as const)
      expect(diedAsStale(failure(code), REUSED, SILENT, SILENT.connectedAt + ms)).toBe(expected)
  })

  it('was not stale after a byte of an answer, by another failure, or if it was new', () => {
    expect(diedAsStale(failure('connection_reset'), REUSED, { ...SILENT, lastByteAt: 60 }, 60)).toBe(false)
    expect(diedAsStale(failure('ttfb_timeout'), REUSED, SILENT, 60)).toBe(false)
    expect(diedAsStale(failure('connection_reset'), { ...REUSED, reused: false }, SILENT, 60)).toBe(false)
    expect(diedAsStale(failure('connection_reset'), undefined, SILENT, 60)).toBe(false)
  })
})
