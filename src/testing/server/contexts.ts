import type { JsonObject } from '../streams.ts'
import type { MockRequest } from './records.ts'

interface Known {
  /** The response that this one continues. */
  readonly before: Known | undefined
  readonly input: readonly JsonObject[]
  readonly output: readonly JsonObject[]
}

/** What the model knew with each request and after each response. Kept even where the server has lost the response. */
export class Contexts {
  readonly #byRequest = new WeakMap<MockRequest, Known>()
  readonly #byResponse = new Map<string, Known>()

  /**
   * Called when a request is about to be answered.
   *
   * @param previous the response that it continues.
   * @param events of the answer.
   */
  add(request: MockRequest, previous: string | undefined, input: unknown, events: readonly JsonObject[]): void {
    const before = previous === undefined ? undefined : this.#byResponse.get(previous)
    const known = { before, input: itemsOf(input), output: outputOf(events) }
    this.#byRequest.set(request, known)
    for (const { response } of events) {
      const id = (response as JsonObject | null | undefined)?.id
      if (typeof id === 'string') this.#byResponse.set(id, known)
    }
  }

  /** For a response id: the conversation including the output. For a request: the input of the model. */
  of(subject: string | MockRequest): readonly JsonObject[] | undefined {
    const known = typeof subject === 'string' ? this.#byResponse.get(subject) : this.#byRequest.get(subject)
    if (known === undefined) return undefined
    const parts = typeof subject === 'string' ? [known.output] : []
    for (let each: Known | undefined = known; each !== undefined; each = each.before) {
      parts.push(each.input)
      if (each.before !== undefined) parts.push(each.before.output)
    }
    return parts.reverse().flat()
  }
}

/** A text stands for a message of the user. */
function itemsOf(input: unknown): readonly JsonObject[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  return Array.isArray(input) ? (input as readonly JsonObject[]) : []
}

/** The output in the last snapshot. If that is empty: the items of the `response.output_item.done` events. */
function outputOf(events: readonly JsonObject[]): readonly JsonObject[] {
  const last = events.at(-1)?.response as JsonObject | null | undefined
  const stated = last?.output
  if (Array.isArray(stated) && stated.length > 0) return stated as readonly JsonObject[]
  return events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item as JsonObject)
}
