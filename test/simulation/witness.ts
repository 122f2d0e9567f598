import type { Violations } from './check/violations.ts'
import type { Stream } from './frames.ts'
import type { Served } from './served.ts'

interface SeenEvent {
  readonly type: string
  readonly sequence_number?: unknown
  readonly attempt?: number
  readonly response?: { readonly id?: string; readonly status?: string }
}

/**
 * Compares every event that a caller gets, as it gets it, with what the endpoint sent: the events of one stream, from its
 * first, without one missing, doubled or changed.
 */
export class Witness {
  /** The stream that is being read. */
  stream: Stream | undefined
  /** How many of its events were seen. */
  seen = 0
  /** Events in all, for consumers that leave or pause after so many. */
  count = 0
  restarts = 0
  /** The end was told by a polled response, and not by the stream. */
  polled = false
  text = ''
  readonly #call: number
  readonly #violations: Violations
  readonly #requests: () => readonly Served[]
  #attempt = 1

  constructor(call: number, violations: Violations, requests: () => readonly Served[]) {
    this.#call = call
    this.#violations = violations
    this.#requests = requests
  }

  /** An event of a typed stream. */
  event(event: SeenEvent): void {
    this.count++
    if (event.type === 'stream.restarted') {
      this.restarted(event.attempt ?? 0)
      return
    }
    if (this.stream === undefined) this.#open(event)
    const { stream } = this
    if (stream === undefined) return
    const json = JSON.stringify(event)
    const expected = stream.frames[this.seen]
    if (json === expected?.json) {
      this.seen++
      return
    }
    if (event.sequence_number === undefined && event.response?.id === stream.id) {
      this.polled = true
      return
    }
    this.#wrong(json, event)
  }

  /** A piece of output that `create()` tells of: everything else is left out. */
  delta(event: SeenEvent): void {
    this.count++
    const json = JSON.stringify(event)
    const tag = tagIn(json)
    this.stream ??= this.#streamWith(tag)
    const { stream } = this
    if (stream === undefined) {
      this.#violations.add(this.#mixed(tag), this.#call, `a delta of no stream that was sent: ${json.slice(0, 120)}`)
      return
    }
    let at = this.seen
    while (at < stream.frames.length && stream.frames[at]?.json !== json) {
      if (stream.frames[at]?.type.endsWith('.delta')) break
      at++
    }
    if (stream.frames[at]?.json === json) this.seen = at + 1
    else this.#wrong(json, event)
  }

  restarted(attempt: number): void {
    this.restarts++
    if (attempt <= this.#attempt)
      this.#violations.add('one_outcome', this.#call, `attempt ${this.#attempt} is followed by attempt ${attempt}`)
    this.#attempt = attempt
    this.stream = undefined
    this.seen = 0
  }

  #open(event: SeenEvent): void {
    const id = event.response?.id
    this.stream = this.#requests()
      .map((served) => served.stream)
      .findLast((stream) => stream !== undefined && stream.id === id)
    if (this.stream !== undefined) return
    // On a WebSocket an error may be all of an answer.
    if (event.type === 'error' && this.#requests().some(({ session, answered }) => session && answered?.code)) return
    this.#violations.add(
      this.#mixed(tagIn(id ?? '')),
      this.#call,
      `the first event is ${event.type} of ${id}, never sent to the call`,
    )
  }

  #streamWith(tag: string | undefined): Stream | undefined {
    return this.#requests()
      .map((served) => served.stream)
      .findLast((stream) => stream?.tag === tag)
  }

  /** Of another attempt of the same call, or of another response altogether. */
  #mixed(tag: string | undefined): 'attempts_mixed' | 'responses_mixed' {
    return this.#streamWith(tag) === undefined ? 'responses_mixed' : 'attempts_mixed'
  }

  #wrong(json: string, event: SeenEvent): void {
    const { stream, seen } = this
    const tag = tagIn(json)
    const number = event.sequence_number
    const detail = `event ${seen} of ${stream?.tag} is ${event.type} number ${number}: ${json.slice(0, 100)}`
    if (tag !== undefined && tag !== stream?.tag) this.#violations.add(this.#mixed(tag), this.#call, detail)
    else if (typeof number === 'number' && number < seen) this.#violations.add('sequence_rises', this.#call, detail)
    else this.#violations.add('result_as_sent', this.#call, detail)
  }
}

function tagIn(json: string): string | undefined {
  return /c\d+r\d+/.exec(json)?.[0]
}
