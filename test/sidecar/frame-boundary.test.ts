import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameBoundary } from '../../src/sidecar/frame-boundary.ts'

describe('where an event can be put into a stream', () => {
  it('is before the first frame and after each blank line, however the bytes were cut', () => {
    const pieces = fc.array(fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\n\r\n', 'data: x', 'a'), { maxLength: 12 })
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(6), { maxLength: 12 }), (parts, cuts) => {
        const text = parts.join('')
        const boundary = new FrameBoundary()
        let at = 0
        for (const cut of [...cuts, text.length]) {
          boundary.push(Buffer.from(text.slice(at, at + cut)))
          at += cut
        }
        expect(boundary.isBetweenFrames).toBe(/^$|(?:^|\n)\n$/.test(text.replace(/\r\n|\r/g, '\n')))
      }),
    )
  })
})
