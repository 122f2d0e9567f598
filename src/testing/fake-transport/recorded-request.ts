import type { ConnectionInfo, HeaderPairs, TransportRequest } from '../../transport/transport.ts'
import { printedAs } from '../printed-as.ts'
import type { FakeStep } from './steps.ts'

/**
 * Outcome of an exchange: `open`: still running; `ended`: the body is complete; `failed`: an error came; `destroyed`:
 * the client ended it; `drained`: the client had all it needed.
 */
export type ExchangeOutcome = 'open' | 'ended' | 'failed' | 'destroyed' | 'drained'

/** One request as the transport received it. The bytes are a copy, which later changes by the caller do not affect. */
export class RecordedRequest {
  /** The number of the attempt within its call, from 1. */
  readonly attempt: number
  readonly method: string
  readonly url: string
  /** As handed over: lower-case names, in order. */
  readonly headers: HeaderPairs
  /** The kind of connection that was requested. */
  readonly connection: 'any' | 'fresh'
  /** Arrival on the transport's clock, in milliseconds. */
  readonly at: number
  /** The connection of the request. `undefined` until there is one. */
  carriedBy: ConnectionInfo | undefined
  /** Whether the whole request was written. */
  sent = false
  outcome: ExchangeOutcome = 'open'
  /** Why its client was poisoned: the reason of each `poison` call, and of a failed connection. */
  readonly poisonReasons: string[] = []
  readonly #chunks: Uint8Array[] = []
  #unplayed: () => readonly FakeStep[] = () => []

  constructor(request: TransportRequest, at: number) {
    this.attempt = request.attempt
    this.method = request.method
    this.url = request.url.href
    this.headers = request.headers.map(([name, value]) => [name, value] as const)
    this.connection = request.connection === 'fresh' ? 'fresh' : 'any'
    this.at = at
    if (request.body.kind === 'bytes') this.append(request.body.bytes)
  }

  /** The body. Of a streamed body, what was read so far. */
  get body(): Uint8Array {
    const body = new Uint8Array(this.#chunks.reduce((length, chunk) => length + chunk.length, 0))
    let at = 0
    for (const chunk of this.#chunks) {
      body.set(chunk, at)
      at += chunk.length
    }
    return body
  }

  /** The body as UTF-8 text. */
  get text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.body)
  }

  /** The body as JSON. @throws SyntaxError if it is not JSON. */
  get json(): unknown {
    return JSON.parse(this.text)
  }

  /** The value of a header. Several values are joined with `, `. The case of the name does not matter. */
  header(name: string): string | undefined {
    const values = this.headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value)
    return values.length === 0 ? undefined : values.join(', ')
  }

  /** Steps of the script that have not begun. */
  get unplayed(): readonly FakeStep[] {
    return this.#unplayed()
  }

  /** For the transport: records bytes of the body. */
  append(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice())
  }

  /** For the transport: sets the source of `unplayed`. */
  follow(unplayed: () => readonly FakeStep[]): void {
    this.#unplayed = unplayed
  }
}

printedAs(RecordedRequest.prototype, function () {
  const { attempt, method, url, headers, connection, at, sent, outcome, body } = this
  const { origin, pathname } = new URL(url)
  return {
    attempt,
    method,
    url: `${origin}${pathname}`,
    headers: headers.map(([name]) => name),
    bodyBytes: body.length,
    connection,
    at,
    sent,
    outcome,
  }
})
