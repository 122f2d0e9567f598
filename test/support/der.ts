/** As much of DER (X.690) as a certificate needs. */

export function sequence(...items: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(items))
}

export function set(...items: Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(items))
}

export function integer(value: number | Buffer): Buffer {
  const bytes = typeof value === 'number' ? Buffer.from([value]) : value
  // A leading bit that is set would make it negative.
  return tagged(0x02, ((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.from([0]), bytes]))
}

export function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]))
}

export function utf8(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text))
}

/** @param time `YYMMDDhhmmssZ` */
export function utcTime(time: string): Buffer {
  return tagged(0x17, Buffer.from(time, 'latin1'))
}

export function octets(bytes: Buffer): Buffer {
  return tagged(0x04, bytes)
}

/** @param unusedBits at the end of the last byte. */
export function bits(bytes: Buffer, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]))
}

/** @param dotted such as `2.5.4.3` */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** A context-specific tag around whole items. */
export function explicit(tag: number, item: Buffer): Buffer {
  return tagged(0xa0 + tag, item)
}

/** A context-specific tag in place of the item's own. */
export function implicit(tag: number, bytes: Buffer): Buffer {
  return tagged(0x80 + tag, bytes)
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(content.length), content])
}

function length(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value])
  const bytes = value < 0x100 ? [value] : [value >> 8, value & 0xff]
  return Buffer.from([0x80 + bytes.length, ...bytes])
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80)
  return bytes
}
