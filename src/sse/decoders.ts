/** Decoders for reuse: making one costs as much as decoding a short answer. Kept only while they hold no bytes. */
const spare: Decoder[] = []
const MAX_SPARE = 16

export type Decoder = InstanceType<typeof TextDecoder>

const whole = new TextDecoder('utf-8', { ignoreBOM: true })

/** Decodes UTF-8 that begins and ends at character boundaries. */
export function decodeWhole(bytes: Uint8Array): string {
  return whole.decode(bytes)
}

/** For UTF-8 in pieces. Leaves a byte order mark in the text, for the reader. */
export function takeDecoder(): Decoder {
  return spare.pop() ?? new TextDecoder('utf-8', { ignoreBOM: true })
}

export function giveBackDecoder(decoder: Decoder): void {
  if (spare.length >= MAX_SPARE) return
  // Drops half a character of a broken stream, which must not appear in another stream.
  decoder.decode()
  spare.push(decoder)
}
