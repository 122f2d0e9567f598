import type { IncomingMessage } from 'node:http'
import type { Refusal } from './guard.ts'

/** The bytes of request bodies that all calls under way hold together. */
export class BufferedBytes {
  readonly #most: number
  #held = 0

  constructor(most: number) {
    this.#most = most
  }

  get held(): number {
    return this.#held
  }

  /** Takes `bytes`; `false`, and nothing taken, where the bound would be passed. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#most) return false
    this.#held += bytes
    return true
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}

/** The body of one request, held until `release()`: retries send it again. */
export interface HeldBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  release(): void
}

/** The client left before its body was complete. */
export class ClientLeft extends Error {}

/**
 * Reads a request body whole.
 *
 * @param maxBytes of this body; more is refused with 413.
 * @throws ClientLeft
 */
export async function readRequestBody(
  request: IncomingMessage,
  maxBytes: number,
  buffered: BufferedBytes,
): Promise<HeldBody | Refusal> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > maxBytes) return tooLarge(maxBytes)
  let held = 0
  const release = (): void => {
    buffered.give(held)
    held = 0
  }
  if (!buffered.take(announced)) return FULL
  held = announced
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) {
        release()
        return tooLarge(maxBytes)
      }
      if (length > held) {
        if (!buffered.take(length - held)) {
          release()
          return FULL
        }
        held = length
      }
      chunks.push(chunk)
    }
  } catch (error) {
    release()
    throw new ClientLeft('the client left before its body was complete', { cause: error })
  }
  return { bytes: new Uint8Array(Buffer.concat(chunks, length)), release }
}

export function isRefusal(value: HeldBody | Refusal): value is Refusal {
  return 'status' in value
}

function tooLarge(maxBytes: number): Refusal {
  return {
    status: 413,
    code: 'request_too_large',
    message: `The request body is larger than ${maxBytes} bytes. Raise --max-body.`,
  }
}

const FULL: Refusal = {
  status: 503,
  code: 'sidecar_overloaded',
  message: 'The request bodies of all calls under way fill the memory that --max-buffered allows. Try again.',
}
