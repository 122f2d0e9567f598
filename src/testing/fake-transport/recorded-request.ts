import type { ConnectionInfo, HeaderPairs, TransportRequest } from '../../transport/transport.ts'
import { printedAs } from '../printed-as.ts'
import type { FakeStep } from './steps.ts'

/**
 * How an exchange came out: still `open`; `ended` with a whole body; `failed` with an error; `destroyed` by the client;
 * `drained`: the client had all it needed.
 */
export type ExchangeOutcome = 'open' | 'ended' | 'failed' | 'destroyed' | 'drained'

/** One request as the transport got it. The bytes are a copy: what the caller does to its own later does not show. */
export class RecordedRequest {
  /** The number of the attempt within its call, from 1. */
  readonly attempt: number
  readonly method: string
  readonly url: string
  /** As handed over: lower-case names, in order. */
  readonly headers: HeaderPairs
  /** What kind of connection was asked for. */
  readonly connection: 'any' | 'fresh'
  /** When, on the transport's clock, in milliseconds. */
  readonly at: number
  /** The connection it got; `undefined` until it has one. */
  carriedBy: ConnectionInfo | undefined
  /** Whether the whole request was written. */
  sent = false
  outcome: ExchangeOutcome = 'open'
  /** Why its client was poisoned, by the caller of `poison` or by a failed connection. */
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

  /** The body; of a streamed one what was read so far. */
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

  /** The body as JSON. @throws SyntaxError when it is none. */
  get json(): unknown {
    return JSON.parse(this.text)
  }

  /** The value of a header, several of one name joined with `, `; the name in any case. */
  header(name: string): string | undefined {
    const values = this.headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value)
    return values.length === 0 ? undefined : values.join(', ')
  }

  /** Steps of the script that were not begun, so far. */
  get unplayed(): readonly FakeStep[] {
    return this.#unplayed()
  }

  /** For the transport: bytes of the body were read. */
  append(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice())
  }

  /** For the transport: who knows what was played. */
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
