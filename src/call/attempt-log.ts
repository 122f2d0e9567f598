import type { Clock } from '../core/clock.ts'
import type { AttemptPhase, AttemptRecord, AttemptTransport, HedgeCause } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { redactWord } from '../errors/redact.ts'
import type { ClassifyProblem } from '../retry/classify-hook.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { CommitReason } from '../telemetry/events.ts'
import { type ResponseFacts, responseFactsOf } from '../telemetry/response-facts.ts'
import type { ConnectionInfo, ResponseHead, TransportRequest } from '../transport/transport.ts'
import type { AttemptTimes } from '../watchdog/deadlines.ts'
import { requestIdOf } from './response-reader.ts'
import type { SentFacts } from './socket-plan.ts'

/** What an attempt reports about its call. */
export interface CallLine {
  readonly id: number
  readonly startedAt: number
  readonly clock: Clock
  readonly telemetry: TelemetryEmitter
  /** Told once of each attempt, when it has ended. */
  attemptEnded?(attempt: EndedAttempt): void
}

/** What the end of a call tells of its last attempt. */
export interface EndedAttempt {
  /** On the clock of the call. */
  readonly firstEventAt: number | undefined
  readonly firstOutputAt: number | undefined
  readonly response: ResponseFacts | undefined
}

/** A request whose secrets are computed only when there is a text to redact. */
interface Secretive {
  readonly secrets: readonly string[]
}

const HOLDS_NONE: Secretive = { secrets: [] }
/** Limit for ids that the endpoint chooses. */
const LONGEST_ID = 200

/** Reports and records one attempt: telemetry while it runs, a record when it has ended. */
export class AttemptLog {
  readonly #call: CallLine
  readonly #attempt: number
  readonly #hedge: HedgeCause | undefined
  readonly #sent: SentFacts | undefined
  #endpoint: string | undefined
  #transport: AttemptTransport = 'http'
  #connection: ConnectionInfo | undefined
  #status: number | undefined
  #requestId: string | undefined
  #headersAt: number | undefined
  /** When the answer was handed over as a whole, or ended with its first event. */
  #wholeAt: number | undefined
  #committedAt: number | undefined
  #response: ResponseFacts | undefined

  constructor(call: CallLine, attempt: number, hedge: HedgeCause | undefined, sent?: SentFacts) {
    this.#call = call
    this.#sent = sent
    this.#attempt = attempt
    this.#hedge = hedge
  }

  get connection(): ConnectionInfo | undefined {
    return this.#connection
  }

  /** The endpoint's id of the request, redacted. `undefined` before the headers, and if they hold none. */
  get requestId(): string | undefined {
    return this.#requestId
  }

  started(asked: TransportRequest['connection'], endpoint: string | undefined): void {
    this.#endpoint = endpoint
    this.#transport = typeof asked === 'string' ? 'http' : 'websocket'
    const { telemetry } = this.#call
    if (!telemetry.wants('attempt_start')) return
    const connection = typeof asked === 'string' ? asked : asked.socket.isNew ? 'fresh' : 'any'
    const transport = this.#transport
    const where = endpoint === undefined ? undefined : { endpoint }
    telemetry.emit({ type: 'attempt_start', ...this.#mark(), transport, connection, ...where, ...this.#sent })
  }

  connected(info: ConnectionInfo): void {
    this.#connection = info
    const { telemetry } = this.#call
    if (telemetry.wants('attempt_connected')) telemetry.emit({ type: 'attempt_connected', ...this.#mark(), ...info })
  }

  /** @param request holds secrets: an endpoint may echo a credential as the id of the request. */
  headers(head: ResponseHead, request: Secretive = HOLDS_NONE): void {
    this.#status = head.status
    const id = requestIdOf(head)
    this.#requestId = id === undefined ? undefined : redactWord(id, request.secrets, LONGEST_ID)
    this.#headersAt = this.#call.clock.now()
    const { telemetry } = this.#call
    if (!telemetry.wants('attempt_headers')) return
    telemetry.emit({ type: 'attempt_headers', ...this.#mark(), status: head.status, requestId: this.#requestId })
  }

  firstEvent(type: string, request: Secretive = HOLDS_NONE): void {
    const { telemetry } = this.#call
    if (!telemetry.wants('attempt_first_event')) return
    const eventType = redactWord(type, request.secrets, LONGEST_ID)
    telemetry.emit({ type: 'attempt_first_event', ...this.#mark(), eventType })
  }

  /** The answer, or the terminal event of the stream, as JSON. Free where no end of a call is listened for. */
  response(body: unknown, request: Secretive): void {
    if (this.#call.telemetry.wants('call_end')) this.#response = responseFactsOf(body, request.secrets)
  }

  committed(reason: CommitReason): void {
    const { telemetry, clock } = this.#call
    this.#committedAt = clock.now()
    if (reason === 'terminal' || reason === 'answer') this.#wholeAt = this.#committedAt
    if (telemetry.wants('attempt_commit')) telemetry.emit({ type: 'attempt_commit', ...this.#mark(), reason })
  }

  /** The user's `classify` failed. */
  classifyFailed(problem: ClassifyProblem): void {
    const { telemetry } = this.#call
    if (telemetry.wants('classify_failed')) telemetry.emit({ type: 'classify_failed', ...this.#mark(), problem })
  }

  ended(
    facts: {
      readonly outcome: AttemptRecord['outcome']
      readonly phase: AttemptPhase
      readonly times: Readonly<AttemptTimes>
      readonly failure: Failure | undefined
      /** As the endpoint sent it. */
      readonly responseId?: string | undefined
    },
    request: Secretive = HOLDS_NONE,
  ): AttemptRecord {
    const { times, failure } = facts
    const { telemetry } = this.#call
    // Redacting takes longer than the rest, so it is only done for a listener.
    const isTold = facts.responseId !== undefined && telemetry.wants('attempt_end')
    const responseId = isTold ? redactWord(facts.responseId as string, request.secrets, LONGEST_ID) : undefined
    const record: AttemptRecord = {
      attempt: this.#attempt,
      outcome: facts.outcome,
      code: failure?.code,
      phase: facts.phase,
      generation: this.#connection?.generation ?? 0,
      connectionReused: this.#connection?.reused ?? false,
      startedAtMs: this.#since(times.startedAt) ?? 0,
      connectedAtMs: this.#since(times.connectedAt),
      sentAtMs: this.#since(times.sentAt),
      headersAtMs: this.#since(this.#headersAt),
      firstEventAtMs: this.#since(times.firstEventAt),
      endedAtMs: this.#since(this.#call.clock.now()) ?? 0,
      status: this.#status,
      requestId: this.#requestId,
      deadline: failure?.deadline,
      ...(this.#committedAt !== undefined && { committedAtMs: this.#since(this.#committedAt) }),
      ...(this.#transport !== 'http' && { transport: this.#transport }),
      ...(responseId !== undefined && { responseId }),
      ...(failure?.upstreamCode !== undefined && { upstreamCode: failure.upstreamCode }),
      ...(failure?.upstreamType !== undefined && { upstreamType: failure.upstreamType }),
      ...(this.#hedge !== undefined && { hedge: this.#hedge }),
      ...(this.#endpoint !== undefined && { endpoint: this.#endpoint }),
    }
    if (telemetry.wants('attempt_end')) telemetry.emit({ type: 'attempt_end', ...this.#mark(), record })
    // An attempt that lost ends before the winner does.
    if (facts.outcome === 'lost' || !telemetry.wants('call_end')) return record
    this.#call.attemptEnded?.({
      firstEventAt: times.firstEventAt,
      firstOutputAt: times.firstProgressAt ?? this.#wholeAt,
      response: this.#response,
    })
    return record
  }

  #since(at: number | undefined): number | undefined {
    return at === undefined ? undefined : Math.round(at - this.#call.startedAt)
  }

  #mark(): { callId: number; attempt: number; atMs: number } {
    const { id, startedAt, clock } = this.#call
    return { callId: id, attempt: this.#attempt, atMs: Math.round(clock.now() - startedAt) }
  }
}
