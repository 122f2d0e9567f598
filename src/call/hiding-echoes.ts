import { textsOf, withoutEchoes } from '../errors/echoes.ts'
import type { TransportRequest } from '../transport/transport.ts'
import { decodedBody } from './request-traits.ts'

/** Longer bodies are not searched. No conversation is that long. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Removes echoes of the request body from the endpoint's message. The body is parsed on demand, and once. Nothing is
 * removed if it is not JSON.
 */
export function hidingEchoes(sent: Pick<TransportRequest, 'headers' | 'body'>): (words: string) => string {
  let texts: readonly string[] | undefined
  return (words) => {
    texts ??= textsIn(sent)
    return withoutEchoes(words, texts)
  }
}

function textsIn({ body, headers }: Pick<TransportRequest, 'headers' | 'body'>): readonly string[] {
  if (body.kind !== 'bytes' || body.bytes.length > MAX_BYTES) return []
  try {
    const text = decodedBody(body.bytes, headers, MAX_BYTES) ?? ''
    return /^\s*[{[]/.test(text) ? textsOf(text) : []
  } catch {
    return []
  }
}
