/** Making a decoder costs as much as decoding a short answer, so that those that hold nothing of a stream are kept. */
const spare: Decoder[] = []
const MAX_SPARE = 16

export type Decoder = InstanceType<typeof TextDecoder>

const whole = new TextDecoder('utf-8', { ignoreBOM: true })

/** UTF-8 that neither begins nor ends within a character. */
export function decodeWhole(bytes: Uint8Array): string {
  return whole.decode(bytes)
}

/** For UTF-8 in pieces. A byte order mark is left to the reader. */
export function takeDecoder(): Decoder {
  return spare.pop() ?? new TextDecoder('utf-8', { ignoreBOM: true })
}

export function giveBackDecoder(decoder: Decoder): void {
  if (spare.length >= MAX_SPARE) return
  // Half a character of a stream that broke off must not come out in another one.
  decoder.decode()
  spare.push(decoder)
}
