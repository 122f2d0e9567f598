import type {
  ConnectionInfo,
  Exchange,
  ExchangeObserver,
  ResponseHead,
  Transport,
  TransportRequest,
} from '../../src/transport/transport.ts'
import { within } from './until.ts'

export type ReportType = 'connecting' | 'connected' | 'sending' | 'sent' | 'head' | 'data' | 'end' | 'error'

/** The order of the port: each step at most once, but for `sending` and `data`. */
const ORDER: readonly ReportType[] = ['connecting', 'connected', 'sending', 'sent', 'head', 'data', 'end', 'error']
const REPEATED: ReadonlySet<ReportType> = new Set(['sending', 'data'])

/** An observer that remembers everything, and holds the transport to the rules of the port while it does. */
export class Recorder implements ExchangeObserver {
  readonly reports: ReportType[] = []
  readonly chunks: Uint8Array[] = []
  /** Rules that were broken, in words. */
  readonly violations: string[] = []
  info: ConnectionInfo | undefined
  answer: ResponseHead | undefined
  failure: (Error & { readonly code?: string }) | undefined
  /** `send` has returned. */
  sendReturned = false
  /** The owner ended the exchange: nothing may come any more. */
  silenced = false
  readonly #copies: Uint8Array[] = []
  readonly #reactions = new Map<ReportType, () => void>()
  #waiters: Array<() => void> = []

  connecting(): void {
    this.#note('connecting')
  }

  connected(info: ConnectionInfo): void {
    this.info = info
    this.#note('connected')
  }

  sending(): void {
    this.#note('sending')
  }

  sent(): void {
    this.#note('sent')
  }

  head(head: ResponseHead): void {
    this.answer = head
    this.#note('head')
  }

  data(chunk: Uint8Array): void {
    if (chunk.length === 0) this.violations.push('an empty chunk')
    this.chunks.push(chunk)
    this.#copies.push(chunk.slice())
    this.#note('data')
  }

  end(): void {
    this.#note('end')
  }

  error(error: unknown): void {
    this.failure = error as Error
    this.#note('error')
  }

  get over(): boolean {
    return this.has('end') || this.has('error')
  }

  /** What came, repeated steps once. */
  get steps(): ReportType[] {
    return this.reports.filter((type, n) => this.reports[n - 1] !== type)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }

  has(type: ReportType): boolean {
    return this.reports.includes(type)
  }

  count(type: ReportType): number {
    return this.reports.filter((report) => report === type).length
  }

  header(name: string): string | undefined {
    return this.answer?.headers.find(([known]) => known === name)?.[1]
  }

  /** Does something from inside the next report of this type. */
  once(type: ReportType, reaction: () => void): void {
    this.#reactions.set(type, reaction)
  }

  async until(condition: ReportType | (() => boolean), what?: string): Promise<void> {
    const holds = typeof condition === 'string' ? () => this.has(condition) : condition
    const seen = (async () => {
      while (!holds()) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    })()
    await within(seen, () => `${what ?? String(condition)}; reported: ${this.steps.join(', ') || 'nothing'}`)
  }

  /** Waits for `end` or `error`, whichever comes. */
  settled(): Promise<void> {
    return this.until(() => this.over, 'end or error')
  }

  /** Waits for a clean end. */
  async ended(): Promise<void> {
    await this.settled()
    if (this.failure !== undefined) throw this.failure
  }

  /** @throws Error that lists the rules of the port that were broken. */
  assertOrderly(): void {
    const problems = [...this.violations]
    for (const [n, copy] of this.#copies.entries()) {
      if (Buffer.compare(copy, this.chunks[n] as Uint8Array) !== 0) problems.push(`chunk ${n} was written to later`)
    }
    if (problems.length > 0) throw new Error(`rules of the port broken: ${problems.join('; ')}`)
  }

  #note(type: ReportType): void {
    if (!this.sendReturned) this.violations.push(`${type} before send returned`)
    if (this.silenced) this.violations.push(`${type} after the exchange was ended`)
    const last = this.reports.at(-1)
    if (this.over) this.violations.push(`${type} after ${last}`)
    else if (last !== undefined && ORDER.indexOf(type) < ORDER.indexOf(last))
      this.violations.push(`${type} after ${last}`)
    if (!REPEATED.has(type) && this.has(type)) this.violations.push(`${type} twice`)
    this.reports.push(type)
    const reaction = this.#reactions.get(type)
    this.#reactions.delete(type)
    reaction?.()
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

export type RequestPart = Partial<Omit<TransportRequest, 'url'>>

export function transportRequest(url: string | URL, part: RequestPart = {}): TransportRequest {
  return {
    url: new URL(url),
    method: 'GET',
    headers: [],
    body: { kind: 'none' },
    connection: 'any',
    attempt: 1,
    ...part,
  }
}

export interface Sent {
  readonly recorder: Recorder
  readonly exchange: Exchange
  /** Ends the exchange; whatever is reported from now on breaks the rules. */
  destroy(): void
  drain(): void
}

export function send(transport: Transport, url: string | URL, part: RequestPart = {}, recorder = new Recorder()): Sent {
  const exchange = transport.send(transportRequest(url, part), recorder)
  recorder.sendReturned = true
  const silence = (end: () => void): void => {
    recorder.silenced = true
    end()
  }
  return {
    recorder,
    exchange,
    destroy: () => silence(() => exchange.destroy()),
    drain: () => silence(() => exchange.drain()),
  }
}

/** Sends and waits for a clean end. */
export async function fetched(transport: Transport, url: string | URL, part: RequestPart = {}): Promise<Recorder> {
  const { recorder } = send(transport, url, part)
  await recorder.ended()
  recorder.assertOrderly()
  return recorder
}

/** A POST with these bytes. */
export function posting(body: string | Uint8Array): RequestPart {
  return { method: 'POST', body: { kind: 'bytes', bytes: typeof body === 'string' ? Buffer.from(body) : body } }
}
