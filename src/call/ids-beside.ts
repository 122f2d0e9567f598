import { ID_WITHIN, idAtTop, idsOfBody } from '../sse/response-ids.ts'
import type { ResponseHead } from '../transport/transport.ts'
import { headerOf } from './response-reader.ts'

/** Collects the beginning of a JSON answer for its id. Bounded. Does not change or delay the answer. */
export class IdCollector {
  readonly #chunks: Uint8Array[] = []
  #bytes = 0

  push(bytes: Uint8Array): void {
    if (this.isFull) return
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
  }

  get isFull(): boolean {
    return this.#bytes >= ID_WITHIN
  }

  ids(): string[] {
    const beginning = Buffer.concat(this.#chunks).subarray(0, ID_WITHIN).toString()
    this.#chunks.length = 0
    const id = idAtTop(beginning)
    return id === undefined ? [] : idsOfBody({ id })
  }
}

/** Whether an answer may hold the id of an object that the endpoint keeps. */
export function mayHoldId(head: ResponseHead): boolean {
  const isSuccess = head.status >= 200 && head.status < 300
  return isSuccess && (headerOf(head, 'content-type')?.toLowerCase().includes('json') ?? false)
}

/** The ids of a response that is handed out untouched. Reads its bytes from a branch, as the caller reads them. */
export async function idsBeside(response: Response): Promise<string[]> {
  if (!response.ok || !response.headers.get('content-type')?.includes('json')) return []
  const found = new IdCollector()
  try {
    const reader = response.clone().body?.getReader()
    while (reader !== undefined && !found.isFull) {
      const { done, value } = await reader.read()
      if (done) return found.ids()
      found.push(value)
    }
    // From here on no bytes are kept for the branch. Not awaited, because that ends with the caller's branch.
    reader?.cancel().catch(() => {})
  } catch {
    // The caller gets the same failure.
  }
  return found.ids()
}
