import type { AbortScope } from '../core/abort.ts'

/**
 * Reads a stream to its end. An abort of `scope` cancels the stream at any time.
 *
 * @throws the reason of the abort; the error of the stream; `TypeError` for a locked stream, and for a chunk that is
 * not a `Uint8Array`.
 */
export async function readBytes(
  stream: ReadableStream<Uint8Array>,
  scope: AbortScope,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader()
  // The cancel ends a pending read.
  const stopWatching = scope.watch((reason) => void reader.cancel(reason).catch(() => {}))
  const chunks: Uint8Array[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      scope.throwIfAborted()
      if (done) return joined(chunks)
      if (!(value instanceof Uint8Array)) throw new TypeError('The body yielded a chunk that is not a Uint8Array.')
      chunks.push(value)
    }
  } catch (error) {
    reader.cancel(error).catch(() => {})
    throw error
  } finally {
    stopWatching()
    reader.releaseLock()
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
