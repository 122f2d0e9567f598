import { deflateRawSync } from 'node:zlib'
import type { FrameEffect } from './effects.ts'

const CONTINUATION = 0
const TEXT = 1
const BINARY = 2
const PING = 9

const FIN = 0x80
const COMPRESSED = 0x40

/** Default size of a giant frame. */
const GIANT_BYTES = 20 * 1024 * 1024

/** One frame as a server sends it: not masked (RFC 6455 5.2). */
function frame(payload: Uint8Array, opcode: number, flags = FIN): Buffer {
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([flags | opcode, length]), payload])
  if (length < 65_536) {
    const head = Buffer.from([flags | opcode, 126, 0, 0])
    head.writeUInt16BE(length, 2)
    return Buffer.concat([head, payload])
  }
  const head = Buffer.alloc(10)
  head[0] = flags | opcode
  head[1] = 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

/** A text frame. */
export function textFrame(text: string | Uint8Array): Buffer {
  return frame(typeof text === 'string' ? Buffer.from(text) : text, TEXT)
}

/** The frame or frames of one JSON object, in the form that a fault names. */
export function frameAs(json: string, { as, bytes = GIANT_BYTES }: FrameEffect): Buffer {
  const payload = Buffer.from(json)
  switch (as) {
    case 'fragmented':
      return fragments([...payload].map((_, at) => payload.subarray(at, at + 1)))
    case 'pings': {
      const third = Math.ceil(payload.length / 3)
      const parts = [0, 1, 2].map((n) => payload.subarray(n * third, (n + 1) * third))
      return fragments(parts, frame(Buffer.from('between'), PING))
    }
    case 'binary':
      return frame(payload, BINARY)
    case 'compressed':
      // Without the empty block at the end (RFC 7692 7.2.1).
      return frame(deflateRawSync(payload), TEXT, FIN | COMPRESSED)
    case 'giant':
      return textFrame(Buffer.concat([payload, Buffer.alloc(Math.max(0, bytes - payload.length), ' ')]))
    case 'invalid_utf8': {
      const broken = Buffer.from([0xff, 0xc0, 0x80])
      return textFrame(
        Buffer.concat([payload.subarray(0, -1), Buffer.from(',"mock_text":"'), broken, Buffer.from('"}')]),
      )
    }
  }
}

/** Number of pings that the form adds. */
export function pingsIn({ as }: FrameEffect): number {
  return as === 'pings' ? 2 : 0
}

/** One message in several frames, with other bytes between them. */
function fragments(parts: readonly Uint8Array[], between: Uint8Array = Buffer.alloc(0)): Buffer {
  const frames = parts.map((part, at) => {
    const isLast = at === parts.length - 1
    return frame(part, at === 0 ? TEXT : CONTINUATION, isLast ? FIN : 0)
  })
  return Buffer.concat(frames.flatMap((each, at) => (at === 0 ? [each] : [between, each])))
}
