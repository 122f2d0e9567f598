import type { IncomingMessage } from 'node:http'
import type { Refusal } from './guard.ts'

/** Counts the bytes of request bodies that all calls under way hold together. */
export class BufferedBytes {
  readonly #most: number
  #held = 0

  constructor(most: number) {
    this.#most = most
  }

  get held(): number {
    return this.#held
  }

  /** Whether there is room now. Takes nothing. */
  hasRoomFor(bytes: number): boolean {
    return this.#held + bytes <= this.#most
  }

  /** Takes `bytes`. Returns `false` and takes nothing if that would exceed the limit. */
  take(bytes: number): boolean {
    if (!this.hasRoomFor(bytes)) return false
    this.#held += bytes
    return true
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}

/** The body of one request. It is held until `release()`, because retries send it again. */
export interface HeldBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  release(): void
}

/** The client left before its body was complete. */
export class ClientLeft extends Error {}

export interface BodyBounds {
  /** Largest body in bytes. A larger one is refused with 413. */
  readonly maxBytes: number
  readonly buffered: BufferedBytes
  /** Called before the first byte is read. Not called if the announced length is too large. */
  readonly askForBody: (() => void) | undefined
}

/**
 * Reads a whole request body. Memory is counted as bytes arrive, so a client that announces much and sends little uses little.
 *
 * @throws ClientLeft
 */
export async function readRequestBody(
  request: IncomingMessage,
  { maxBytes, buffered, askForBody }: BodyBounds,
): Promise<HeldBody | Refusal> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > maxBytes) return tooLarge(maxBytes)
  if (!buffered.hasRoomFor(announced)) return FULL
  askForBody?.()
  let held = 0
  const release = (): void => {
    buffered.give(held)
    held = 0
  }
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (held + chunk.length > maxBytes) {
        release()
        return tooLarge(maxBytes)
      }
      if (!buffered.take(chunk.length)) {
        release()
        return FULL
      }
      held += chunk.length
      chunks.push(chunk)
    }
  } catch (error) {
    release()
    throw new ClientLeft('the client left before its body was complete', { cause: error })
  }
  return { bytes: new Uint8Array(Buffer.concat(chunks, held)), release }
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
