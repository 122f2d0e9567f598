import { describe, expect, it } from 'vitest'
import { silenceHint } from '../../src/call/silence-hint.ts'

const TIMES = { connectingAt: 10, connectedAt: 15, lastByteAt: undefined }

describe('the hint of a first-byte timeout', () => {
  it('names buffering proxies where the connection was accepted at once and no byte came', () => {
    const hint = silenceHint(TIMES)
    expect(hint).toContain('proxy_buffering off')
    expect(hint).toContain('docs/proxies.md')
    expect(silenceHint({ ...TIMES, connectedAt: 1010 })).toBe(hint)
  })

  it('is the same on a reused connection', () => {
    expect(silenceHint({ ...TIMES, connectingAt: undefined })).toBe(silenceHint(TIMES))
  })

  it.for([
    ['bytes came', { ...TIMES, lastByteAt: 20 }],
    ['the connection took more than a second', { ...TIMES, connectedAt: 1011 }],
    ['the transport does not see its connections', { ...TIMES, connectingAt: undefined, connectedAt: undefined }],
  ] as const)('is empty where %s', ([, times]) => {
    expect(silenceHint(times)).toBe('')
  })
})
