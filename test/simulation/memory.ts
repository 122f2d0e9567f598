import type { Stream } from './frames.ts'
import { type HistoryItem, itemsOf } from './history.ts'

type Body = Readonly<Record<string, unknown>>

/** What all endpoints of a world know of conversations, whether they have lost it since or not. */
export class Memory {
  /** The conversation up to the end of a response, by its id. */
  readonly #items = new Map<string, readonly HistoryItem[]>()
  /** The requests that they answer. */
  readonly #requests = new Map<string, Body>()
  /** Responses that are not stored: the WebSocket whose server alone keeps it, if one does. */
  readonly #unstored = new Map<string, number | undefined>()

  /** @param socket that the request came on. */
  makes(stream: Stream, { store }: Body, socket: number | undefined): void {
    if (store === false) this.#unstored.set(stream.id, socket)
  }

  keeps(stream: Stream, body: Body): void {
    const last = JSON.parse(stream.frames.at(-1)?.json ?? '{}') as { response?: { output?: readonly HistoryItem[] } }
    this.#requests.set(stream.id, body)
    this.#items.set(stream.id, [...this.seen(body), ...(last.response?.output ?? [])])
  }

  /** What is not known to live elsewhere is taken for something from before. */
  isStored(id: string): boolean {
    return !this.#unstored.has(id)
  }

  requestOf(id: string): Body | undefined {
    return this.#requests.get(id)
  }

  /** Of a response that lives, or lived, on one WebSocket alone. */
  onlySocketOf(id: unknown): number | undefined {
    return typeof id === 'string' ? this.#unstored.get(id) : undefined
  }

  /** What the model sees of a request, on top of what it continues. */
  seen({ previous_response_id: previous, input }: Body): readonly HistoryItem[] {
    const before = typeof previous === 'string' ? (this.#items.get(previous) ?? []) : []
    return [...before, ...itemsOf(input)]
  }
}
