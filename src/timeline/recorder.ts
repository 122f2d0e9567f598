import type { Instrumentation } from '../client/instrumentation-option.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { bytes, clockRule, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { checkOptions } from '../errors/check-options.ts'
import type { TelemetryEvent } from '../telemetry/events.ts'
import { bytesOf, CallDraft } from './call-draft.ts'
import { toJSONL } from './jsonl.ts'
import type { RecordedCall } from './recorded-call.ts'
import { writePrivate } from './write-private.ts'

/** How much a recorder keeps. */
export interface RecordCallsOptions {
  /**
   * How many calls are kept, those under way included. The oldest ended calls are dropped for new ones. Default 500, at most
   * 100 000.
   */
  readonly max?: number | undefined
  /** How much memory ended calls may take, roughly. The oldest are dropped. Bytes, default 16 MiB, 0 for no bound. */
  readonly maxBytes?: number | undefined
  /** The clock of the client, for tests. Default: the system clock. */
  readonly clock?: Clock | undefined
}

const DEFAULT_MAX = 500
const DEFAULT_MAX_BYTES = 16 * 1024 ** 2

const EVENT_TYPES = [
  'call_start',
  'queue_end',
  'attempt_start',
  'attempt_connected',
  'attempt_headers',
  'attempt_first_event',
  'attempt_commit',
  'attempt_end',
  'hedge_start',
  'call_end',
] as const

/** With this type, the compiler finds an event that is used and missing in the list. */
type RecordedEvent = Extract<TelemetryEvent, { readonly type: (typeof EVENT_TYPES)[number] }>

const RULES = {
  max: { ...whole(1, 100_000), default: DEFAULT_MAX },
  maxBytes: { ...bytes, default: DEFAULT_MAX_BYTES },
  clock: clockRule,
} as const satisfies Rules<RecordCallsOptions>

/** What `recordCalls()` makes: for the option `instrumentations` of one client, or of several. */
export interface CallRecorder extends Instrumentation {
  /** The recorded calls, oldest first, those under way included. A snapshot: it does not change later, and is frozen. */
  calls(): readonly RecordedCall[]
  /** The recorded calls as JSON, one line each, for `readCalls` and the command `resilient-responses report`. */
  toJSONL(): string
  /**
   * Writes `toJSONL()` to a file, which it replaces, and a symbolic link, too. The file can be read by its owner alone.
   *
   * @throws the error of the file system.
   */
  write(file: string): Promise<void>
}

/**
 * Keeps the latest calls of a client: `new ResilientClient({ instrumentations: [recordCalls()] })`.
 *
 * Costs some 20 µs of CPU a call, beside the telemetry events that it is told of, and nothing for an event of a stream. Of a call with more than 40 attempts, the first and the
 * last 20 are kept. A record holds no key, header, query, prompt or answer.
 *
 * @throws ConfigurationError for an option that is unknown or not accepted.
 */
export function recordCalls(options: RecordCallsOptions = {}): CallRecorder {
  checkOptions(options, RULES, { of: 'recordCalls()' })
  const { max = DEFAULT_MAX, maxBytes = DEFAULT_MAX_BYTES, clock = systemClock } = options
  const calls = new Calls({ max, maxBytes: maxBytes === 0 ? Infinity : maxBytes, clock })
  return {
    eventTypes: EVENT_TYPES,
    onEvent: (event) => calls.onEvent(event as RecordedEvent),
    calls: () => frozen(calls.all()),
    toJSONL: () => toJSONL(calls.all()),
    write: (file) => writePrivate(file, toJSONL(calls.all())),
  }
}

/** Frozen to any depth: the records are those that the recorder keeps. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const each of Object.values(value)) frozen(each)
  return Object.freeze(value)
}

interface Kept {
  readonly call: RecordedCall
  readonly bytes: number
}

class Calls {
  readonly #max: number
  readonly #maxBytes: number
  readonly #clock: Clock
  readonly #running = new Map<number, CallDraft>()
  /** In the order of their end: a `Map`, because its first entry is removed in constant time. */
  readonly #ended = new Map<number, Kept>()
  #bytes = 0

  constructor({ max, maxBytes, clock }: { readonly max: number; readonly maxBytes: number; readonly clock: Clock }) {
    this.#max = max
    this.#maxBytes = maxBytes
    this.#clock = clock
  }

  onEvent(event: RecordedEvent): void {
    if (event.type === 'call_start') {
      // A call under way is never dropped: the slow ones are those that a reader looks for.
      if (this.#running.size >= this.#max) return
      const now = { wall: this.#clock.wallNow(), monotonic: this.#clock.now() }
      this.#running.set(event.callId, new CallDraft(event, now))
      this.#trim()
      return
    }
    const draft = this.#running.get(event.callId)
    if (draft === undefined) return
    switch (event.type) {
      case 'queue_end':
        draft.queued(event.waitedMs)
        return
      case 'attempt_start':
        draft.attemptStarted(event)
        return
      case 'attempt_connected':
      case 'attempt_headers':
      case 'attempt_first_event':
      case 'attempt_commit':
      case 'hedge_start':
        draft.attemptMoved(event)
        return
      case 'attempt_end':
        draft.attemptEnded(event.record)
        return
      case 'call_end':
        this.#running.delete(event.callId)
        this.#keep(draft.ended(event))
        return
      default:
        return
    }
  }

  all(): RecordedCall[] {
    const now = this.#clock.now()
    const ended = [...this.#ended.values()].map(({ call }) => call)
    const running = [...this.#running.values()].map((draft) => draft.soFar(now))
    return [...ended, ...running].sort((a, b) => a.startedAt - b.startedAt || a.callId - b.callId)
  }

  #keep(call: RecordedCall): void {
    const bytes = bytesOf(call)
    this.#ended.set(call.callId, { call, bytes })
    this.#bytes += bytes
    this.#trim()
  }

  #trim(): void {
    if (this.#fits()) return
    for (const [callId, { bytes }] of this.#ended) {
      if (this.#fits()) return
      this.#ended.delete(callId)
      this.#bytes -= bytes
    }
  }

  #fits(): boolean {
    return this.#ended.size + this.#running.size <= this.#max && this.#bytes <= this.#maxBytes
  }
}
