/**
 * Encodes into memory that is not shared. A buffer from Node's pool would keep 8 KB alive for as long as the shortest
 * body.
 */
export function utf8(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}
