import { textsOf, withoutEchoes } from '../errors/echoes.ts'
import type { TransportRequest } from '../transport/transport.ts'
import { decodedBody } from './request-traits.ts'

/** Longer ones than any request of a conversation are not looked into. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Takes out of the endpoint's words what they echo of the body that was sent. The body is read when there are words, and once.
 * Nothing is taken out where it cannot be read as JSON.
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
