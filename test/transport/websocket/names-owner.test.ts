import fc from 'fast-check'
import { expect, it } from 'vitest'
import { namesOwner } from '../../../src/transport/websocket/names-owner.ts'

const NAMES = ['"response_id"', '"stream_id"']
/** Pieces of the names, alone and in any order, so that nearly every text holds nearly a name. */
const piece = fc.constantFrom(
  ...NAMES,
  '"response',
  '"stream',
  'response',
  '_id"',
  '_id',
  'id"',
  '"',
  'd',
  'i',
  '_',
  'm',
  'é',
  'x'.repeat(200),
)

it('finds a name of an owner anywhere in a message, in short and in long ones, and no other name', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      expect(namesOwner(Buffer.from(text))).toBe(NAMES.some((name) => text.includes(name)))
    }),
    { numRuns: 2000 },
  )
})

it.each([0, 1, 2, 3, 4, 480, 485, 486, 487, 488, 490, 1000])('finds a name after %d bytes', (bytes) => {
  const before = 'x'.repeat(bytes)
  for (const name of NAMES) {
    expect(namesOwner(Buffer.from(before + name))).toBe(true)
    expect(namesOwner(Buffer.from(`${before}${name}y`))).toBe(true)
    expect(namesOwner(Buffer.from(before + name.slice(1)))).toBe(false)
    expect(namesOwner(Buffer.from(before + name.slice(0, -1)))).toBe(false)
    // A part of a larger read: bytes outside of the message do not count.
    const read = Buffer.from(before + name)
    expect(namesOwner(read.subarray(0, read.length - 1))).toBe(false)
    expect(namesOwner(read.subarray(bytes + 1))).toBe(false)
  }
})
