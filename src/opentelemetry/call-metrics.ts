import type { Attributes, Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api'
import type { ErrorCode } from '../errors/catalog.ts'
import type { CallEndEvent, CallStartEvent } from '../telemetry/events.ts'
import { type CallFacts, callFactsOf } from './call-facts.ts'
import { CONVENTION, CONVENTION_METRIC, OWN, OWN_METRIC } from './names.ts'
import { errorCodeOf } from './span-ends.ts'
import type { WatchedEvent } from './watched-event.ts'

/** Bounds in seconds: those of the conventions up to 82 s, and more up to 44 min, because a response may take that long. */
const DURATION_BUCKETS = doubled(0.01, 18)
/** Bounds in seconds: those of the conventions up to 10 s, and more up to 15 min, for first events at high effort. */
const FIRST_CHUNK_BUCKETS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 30, 45, 60, 120, 180, 300,
  600, 900,
]
/** Bounds in tokens: those of the conventions. */
const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, power) => 4 ** power)

function doubled(first: number, times: number): number[] {
  return Array.from({ length: times + 1 }, (_, power) => Number((first * 2 ** power).toFixed(2)))
}

/** The instruments of one meter. */
class Instruments {
  readonly duration: Histogram
  readonly firstChunk: Histogram
  readonly tokens: Histogram
  readonly queue: Histogram
  readonly active: UpDownCounter
  readonly attempts: Counter
  readonly retries: Counter
  readonly giveUps: Counter
  readonly hedges: Counter
  readonly hedgeRefusals: Counter

  constructor(meter: Meter) {
    this.duration = meter.createHistogram(CONVENTION_METRIC.duration, {
      description: 'Duration of a call, over all its attempts.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    })
    this.firstChunk = meter.createHistogram(CONVENTION_METRIC.timeToFirstChunk, {
      description: 'Time from the start of a call to the first stream event of the attempt that answered it.',
      unit: 's',
      advice: { explicitBucketBoundaries: FIRST_CHUNK_BUCKETS },
    })
    this.tokens = meter.createHistogram(CONVENTION_METRIC.tokenUsage, {
      description: 'Input and output tokens of a response.',
      unit: '{token}',
      advice: { explicitBucketBoundaries: TOKEN_BUCKETS },
    })
    this.queue = meter.createHistogram(OWN_METRIC.queueDuration, {
      description: 'Time that a call waited for its turn (option `concurrency`).',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    })
    this.active = meter.createUpDownCounter(OWN_METRIC.activeCalls, {
      description: 'Calls under way.',
      unit: '{call}',
    })
    const counter = (name: string, unit: string, description: string): Counter =>
      meter.createCounter(name, { description, unit })
    this.attempts = counter(OWN_METRIC.attempts, '{attempt}', 'Attempts that have ended.')
    this.retries = counter(OWN_METRIC.retries, '{retry}', 'Retries that were decided.')
    this.giveUps = counter(OWN_METRIC.giveUps, '{call}', 'Calls that failed and got no further attempt.')
    this.hedges = counter(OWN_METRIC.hedges, '{hedge}', 'Hedges that have ended.')
    this.hedgeRefusals = counter(OWN_METRIC.hedgeRefusals, '{hedge}', 'Hedges that were refused.')
  }
}

interface Open extends CallFacts {
  readonly stream: boolean
  /** Of the attempt that handed its answer over: the error status of a passthrough call. */
  answeredWith: ErrorCode | undefined
}

/** The metrics of calls. */
export class CallMetrics {
  readonly #currentMeter: () => Meter
  #meter: Meter | undefined
  #made: Instruments | undefined
  /** The calls under way, by call id. */
  readonly #open = new Map<number, Open>()

  /** @param currentMeter is asked at each event: another meter gets separate instruments. */
  constructor(currentMeter: () => Meter) {
    this.#currentMeter = currentMeter
  }

  get #instruments(): Instruments {
    const meter = this.#currentMeter()
    if (this.#made !== undefined && meter === this.#meter) return this.#made
    const [before, now] = [this.#made, new Instruments(meter)]
    this.#meter = meter
    this.#made = now
    // The calls under way end on these instruments, so they have to be counted there. Otherwise the count falls below zero.
    for (const { attributes } of this.#open.values()) {
      before?.active.add(-1, attributes)
      now.active.add(1, attributes)
    }
    return now
  }

  onEvent(event: WatchedEvent): void {
    if (event.type === 'call_start') this.#start(event)
    const open = this.#open.get(event.callId)
    if (open === undefined) return
    const { attributes } = open
    const instruments = this.#instruments
    switch (event.type) {
      case 'queue_end':
        instruments.queue.record(event.waitedMs / 1000, { ...attributes, [OWN.reason]: event.outcome })
        return
      case 'attempt_end': {
        const { outcome, transport = 'http' } = event.record
        const code = outcome === 'committed' ? errorCodeOf(event.record) : event.record.code
        if (outcome === 'committed') open.answeredWith = code
        const kinds = { [OWN.attemptOutcome]: outcome, [OWN.transport]: transport }
        instruments.attempts.add(1, { ...attributes, ...kinds, ...errorType(code) })
        return
      }
      case 'retry_decision': {
        const { code, decision } = event
        const failed = { ...attributes, ...errorType(code) }
        if (decision.retry)
          instruments.retries.add(1, { ...failed, [OWN.lane]: decision.lane, [OWN.transparent]: decision.transparent })
        else instruments.giveUps.add(1, { ...failed, [OWN.giveUpReason]: decision.reason })
        return
      }
      case 'hedge_end':
        instruments.hedges.add(1, { ...attributes, [OWN.hedgeOutcome]: event.outcome })
        return
      case 'hedge_refused':
        instruments.hedgeRefusals.add(1, { ...attributes, [OWN.reason]: event.reason })
        return
      case 'call_end':
        this.#open.delete(event.callId)
        this.#end(open, instruments, event)
        return
      default:
        return
    }
  }

  #start(event: CallStartEvent): void {
    const facts = callFactsOf(event)
    const { label, stream } = event
    const attributes = label === undefined ? facts.attributes : { ...facts.attributes, [OWN.label]: label }
    const { active } = this.#instruments
    this.#open.set(event.callId, { ...facts, attributes, stream, answeredWith: undefined })
    active.add(1, attributes)
  }

  #end({ attributes, operation, stream, answeredWith }: Open, instruments: Instruments, event: CallEndEvent): void {
    const { outcome, code, atMs, firstEventMs, usage, responseModel } = event
    instruments.active.add(-1, attributes)
    // The conventions define these metrics only for operations of a model.
    if (operation === undefined) return
    const answered = {
      ...attributes,
      ...(responseModel !== undefined && { [CONVENTION.responseModel]: responseModel }),
    }
    // An aborted call is not an error of the endpoint. This value keeps it apart from successes.
    const ended =
      outcome === 'aborted'
        ? { [CONVENTION.errorType]: 'aborted' }
        : outcome === 'failed'
          ? errorType(code ?? '_OTHER')
          : errorType(answeredWith)
    const all = { ...answered, ...ended }
    instruments.duration.record(atMs / 1000, all)
    if (stream && firstEventMs !== undefined) instruments.firstChunk.record(firstEventMs / 1000, all)
    const count = (tokens: number | undefined, type: string): void => {
      if (tokens !== undefined) instruments.tokens.record(tokens, { ...answered, [CONVENTION.tokenType]: type })
    }
    count(usage?.inputTokens, 'input')
    count(usage?.outputTokens, 'output')
  }
}

function errorType(code: string | undefined): Attributes {
  return code === undefined ? {} : { [CONVENTION.errorType]: code }
}
