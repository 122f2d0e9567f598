import type { Counter, Histogram, Registry } from 'prom-client'
import { errorChain } from '../errors/system-cause.ts'
import type { CallEndEvent, CallStartEvent, TelemetryEvent } from '../telemetry/events.ts'
import type { SidecarLogEntry } from './log-entry.ts'
import type { SidecarStats } from './stats.ts'

const PREFIX = 'resilient_responses_sidecar_'

/** So many models are told apart. The names come from clients, and each is a series for as long as the sidecar runs. */
const MOST_MODELS = 50

/** What names of models look like. */
const MODEL = /^[\w.:/@-]{1,64}$/

const DURATIONS_S = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45, 90, 180, 300, 600, 1800]
const FIRST_EVENTS_S = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 45, 90, 180, 300]

type Library = typeof import('prom-client')

/**
 * The metrics of a sidecar, as Prometheus reads them. Labels have few values, whatever clients and upstreams send: outcomes,
 * statuses, codes of this library, and up to 50 models.
 */
export class SidecarMetrics {
  /** `undefined` where `prom-client` is not installed. */
  static async load(stats: () => SidecarStats): Promise<SidecarMetrics | undefined> {
    try {
      const library = await import('prom-client')
      return new SidecarMetrics((library as { readonly default?: Library }).default ?? library, stats)
    } catch (error) {
      const codes = [...errorChain(error)].map((link) => (link as NodeJS.ErrnoException).code)
      if (codes.includes('ERR_MODULE_NOT_FOUND')) return undefined
      throw error
    }
  }

  readonly #registry: Registry
  readonly #calls: Counter<'outcome' | 'status' | 'model'>
  readonly #durations: Histogram<'outcome'>
  readonly #attempts: Counter<'transport' | 'code'>
  readonly #firstEvents: Histogram<'model'>
  readonly #models = new Set<string>()
  /** Models of the client's calls under way. */
  readonly #underWay = new Map<number, string>()

  private constructor({ Registry, Counter, Gauge, Histogram }: Library, stats: () => SidecarStats) {
    this.#registry = new Registry()
    const registers = [this.#registry]
    this.#calls = new Counter({
      registers,
      name: `${PREFIX}calls_total`,
      help: 'Calls of clients that have ended, by outcome, status of the answer and model.',
      labelNames: ['outcome', 'status', 'model'],
    })
    this.#durations = new Histogram({
      registers,
      name: `${PREFIX}call_duration_seconds`,
      help: 'From the first byte of a call to its end.',
      labelNames: ['outcome'],
      buckets: DURATIONS_S,
    })
    this.#attempts = new Counter({
      registers,
      name: `${PREFIX}attempts_total`,
      help: 'Requests to the upstream that have ended, by transport and code; the code of one that succeeded is "ok".',
      labelNames: ['transport', 'code'],
    })
    this.#firstEvents = new Histogram({
      registers,
      name: `${PREFIX}first_event_seconds`,
      help: 'From the start of a streaming call to the first event of the attempt that answered it.',
      labelNames: ['model'],
      buckets: FIRST_EVENTS_S,
    })
    const gauges: readonly (readonly [name: string, help: string, value: () => number])[] = [
      ['calls_in_flight', 'Calls of clients under way.', () => stats().calls],
      ['clients', 'Connections of clients, idle ones included.', () => stats().clients],
      ['client_websockets', 'WebSockets of clients.', () => stats().sockets],
      ['upstream_connections', 'Connections to the upstream.', () => stats().connections],
      ['buffered_bytes', 'Bytes of request bodies that are kept for retries.', () => stats().bufferedBytes],
      ['resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss()],
    ]
    for (const [name, help, value] of gauges) {
      new Gauge({
        registers,
        name: PREFIX + name,
        help,
        collect() {
          this.set(value())
        },
      })
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  called({ outcome, status, model, ms }: SidecarLogEntry): void {
    this.#calls.inc({ outcome, status: status ?? 'none', model: this.#modelOf(model) })
    this.#durations.observe({ outcome }, ms / 1000)
  }

  /** A listener for the client's telemetry. */
  readonly onEvent = (event: TelemetryEvent): void => {
    if (event.type === 'call_start') this.#started(event)
    else if (event.type === 'call_end') this.#ended(event)
    else if (event.type === 'attempt_end') {
      const { transport = 'http', code, outcome } = event.record
      const isDone = outcome === 'answered' || outcome === 'committed'
      this.#attempts.inc({ transport, code: code ?? (isDone ? 'ok' : outcome) })
    }
  }

  #started({ callId, kind, model }: CallStartEvent): void {
    if (kind === 'stream') this.#underWay.set(callId, this.#modelOf(model))
  }

  #ended({ callId, firstEventMs }: CallEndEvent): void {
    const model = this.#underWay.get(callId)
    this.#underWay.delete(callId)
    if (model !== undefined && firstEventMs !== undefined) this.#firstEvents.observe({ model }, firstEventMs / 1000)
  }

  #modelOf(name: string | undefined): string {
    if (name === undefined) return 'none'
    if (this.#models.has(name)) return name
    if (!MODEL.test(name) || this.#models.size >= MOST_MODELS) return 'other'
    this.#models.add(name)
    return name
  }
}
