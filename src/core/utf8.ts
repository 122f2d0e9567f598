/** A text as bytes that nothing else shares: Node's pool would be held, 8 KB of it, for as long as the shortest body is. */
export function utf8(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}
