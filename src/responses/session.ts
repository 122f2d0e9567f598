import type { Attempt } from '../call/attempt.ts'
import type { Call, CallOutcome } from '../call/call.ts'
import type { Taken } from '../call/output.ts'
import { headerOf } from '../call/reading.ts'
import type { AbortScope } from '../core/abort.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { ResponseAccumulator } from './accumulator.ts'
import type { Accepted, EventIntake } from './event-intake.ts'
import { isReported, reportedError, unreadAnswer, withHistory, withPartial } from './interruption.ts'
import { type Resumption, resumed } from './resumption.ts'
import type { Response, ResponseStreamEvent } from './schema/index.ts'
import { type SessionEvent, terminalEventOf } from './session-events.ts'

export interface SessionOptions {
  readonly scope: AbortScope
  readonly intake: EventIntake
  /** The call that creates the response; absent where one is picked up. */
  readonly begin: (() => Call) | undefined
  /** How to pick the stream up again where it broke; absent where the endpoint does not keep it. */
  readonly resumption: Resumption | undefined
  /** `restart`: output can be taken back; `fold`: it was not even shown, so that failures of the endpoint are retried too. */
  readonly onInterrupted: 'error' | 'restart' | 'fold'
}

/**
 * One response, over all the calls and attempts that it takes: created, resumed where the endpoint keeps it, restarted
 * where the caller wants that. Events come out in batches, one per socket read, each exactly once and in order.
 */
export class StreamSession {
  readonly #options: SessionOptions
  readonly #calls: CallOfSession[] = []
  #seen = new ResponseAccumulator()
  /** The endpoint's own answer, where there was no stream to hand over. */
  gaveUp: CallOutcome | undefined
  /** What was thrown at its end, if it failed. */
  failure: unknown

  constructor(options: SessionOptions) {
    this.#options = options
  }

  get seen(): ResponseAccumulator {
    return this.#seen
  }

  /** The history of all calls, in order, as that of one. */
  get attempts(): readonly AttemptRecord[] {
    let before = 0
    return this.#calls.flatMap(({ call, sinceMs, resumes }) => {
      const records =
        resumes === undefined ? call.attempts : call.attempts.map((record) => moved(record, before, sinceMs, resumes))
      before += records.length
      return records
    })
  }

  /** @throws the error that ends the stream, with what can be kept of its output; the caller's reason on an abort. */
  async *batches(): AsyncGenerator<readonly SessionEvent[], void, undefined> {
    const { begin, scope } = this.#options
    try {
      if (begin === undefined) yield* this.#resume()
      else yield* this.#create(begin())
    } catch (error) {
      if (scope.aborted) throw scope.reason
      const whole = this.#calls.length > 1 ? withHistory(error, this.attempts) : error
      this.failure = withPartial(whole, this.#seen, this.#options.intake.lastSequenceNumber)
      throw this.failure
    }
  }

  async *#create(call: Call): AsyncGenerator<readonly SessionEvent[], void, undefined> {
    const { onInterrupted } = this.#options
    this.#calls.push({ call, sinceMs: 0, resumes: undefined })
    let outcome = await call.run()
    for (;;) {
      const failed = yield* this.#pump(call, outcome)
      if (failed === undefined) return
      const { attempt } = outcome
      const reported = isReported(failed)
      // What would come again, or is over for good, is not resumed: `totalMs`, an event that is too large.
      if (!reported && failed.lane !== undefined && this.#canResume()) {
        yield* this.#resume({ call, failed })
        return
      }
      const again =
        failed.lane !== undefined && (onInterrupted === 'fold' || (onInterrupted === 'restart' && !reported))
      if (!again) {
        call.finish(failed)
        throw reported ? reportedError(call, attempt, failed, this.#ended()) : call.errorOf(failed, attempt)
      }
      outcome = await call.restart(attempt, failed)
      this.#seen = new ResponseAccumulator()
      this.#options.intake.reset()
      yield [{ type: 'stream.restarted', attempt: outcome.attempt.number }]
    }
  }

  /** The response, once the endpoint has said how it ended: a snapshot of its beginning is no result. */
  #ended(): Response | undefined {
    return this.#seen.terminal === undefined ? undefined : this.#seen.response
  }

  #canResume(): boolean {
    return this.#options.resumption !== undefined && this.#seen.id !== undefined
  }

  async *#resume(broken?: {
    readonly call: Call
    readonly failed: Failure
  }): AsyncGenerator<readonly SessionEvent[], void, undefined> {
    const { resumption, intake, scope } = this.#options
    if (resumption === undefined) return
    // First of all: the end of the one call must not pass for the end of the response.
    const letGo = resumption.hold()
    broken?.call.finish(broken.failed)
    try {
      yield* resumed(resumption, {
        failed: broken?.failed,
        scope,
        intake,
        id: this.#seen.id,
        onCall: (call, resumes) =>
          this.#calls.push({ call, sinceMs: resumption.clock.now() - resumption.startedAt, resumes }),
        pump: (call, outcome) => this.#pump(call, outcome),
        accept: (event) => this.#seen.add(event),
        response: () => this.#ended(),
      })
    } finally {
      letGo()
    }
  }

  /** Hands on what an attempt brings. Returns how it failed, or nothing if the response is complete. */
  async *#pump(
    call: Call,
    outcome: CallOutcome,
  ): AsyncGenerator<readonly SessionEvent[], Failure | undefined, undefined> {
    const { attempt, gaveUp } = outcome
    if (gaveUp !== undefined) {
      this.gaveUp = outcome
      for (const event of heldEvents(attempt)) this.#seen.add(event)
      throw reportedError(call, attempt, gaveUp.failure, this.#ended(), gaveUp.reason)
    }
    try {
      const refused = unreadAnswer(call, attempt)
      if (refused !== undefined) throw refused
      const whole: Uint8Array[] | undefined = isWhole(attempt) ? [] : undefined
      for (;;) {
        const taken = this.#takeEvents(attempt, whole)
        switch (taken.kind) {
          case 'events':
            if (taken.events.length > 0) yield taken.events
            if (taken.failure !== undefined) return taken.failure
            break
          case 'end':
            if (whole !== undefined) yield this.#wholeResponse(whole)
            return attempt.failed
          case 'failed':
            if (attempt.record?.outcome === 'aborted') throw taken.error
            return taken.error as Failure
          case 'nothing':
            await new Promise<void>((resolve) => {
              attempt.output.whenReady(resolve)
              attempt.flow()
            })
        }
      }
    } finally {
      // The consumer may have left in the middle.
      if (!attempt.ended) attempt.cancel()
    }
  }

  /** Apart from the generator, which would hold the bytes of the last read for as long as it waits for the next. */
  #takeEvents(
    attempt: Attempt,
    whole: Uint8Array[] | undefined,
  ): Exclude<Taken, { kind: 'chunk' }> | ({ readonly kind: 'events' } & Accepted) {
    const taken = attempt.output.take()
    if (taken.kind !== 'chunk') return taken
    whole?.push(taken.chunk.bytes)
    const accepted = this.#options.intake.accept(taken.chunk.events)
    for (const event of accepted.events) this.#seen.add(event)
    if (accepted.failure === undefined) attempt.flow()
    return { kind: 'events', ...accepted }
  }

  /** An endpoint that does not stream answered with the whole response: the one event that it amounts to. */
  #wholeResponse(chunks: readonly Uint8Array[]): readonly SessionEvent[] {
    const response = JSON.parse(new TextDecoder().decode(Buffer.concat(chunks))) as Response
    const event = terminalEventOf(response)
    this.#seen.add(event)
    return [event]
  }
}

/** A call of a session, and when it began after the first one. */
interface CallOfSession {
  readonly call: Call
  readonly sinceMs: number
  readonly resumes: AttemptRecord['resumes']
}

/** A record of a call that goes on with an earlier one, on the time line of that one. */
function moved(record: AttemptRecord, before: number, byMs: number, resumes: AttemptRecord['resumes']): AttemptRecord {
  const later = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms + byMs))
  return {
    ...record,
    attempt: record.attempt + before,
    startedAtMs: Math.round(record.startedAtMs + byMs),
    connectedAtMs: later(record.connectedAtMs),
    sentAtMs: later(record.sentAtMs),
    headersAtMs: later(record.headersAtMs),
    firstEventAtMs: later(record.firstEventAtMs),
    endedAtMs: Math.round(record.endedAtMs + byMs),
    resumes,
  }
}

/** Events of an attempt that failed before its commit: its own words about the failure. */
function heldEvents(attempt: Attempt): ResponseStreamEvent[] {
  return attempt.output.chunks.flatMap((chunk) => chunk.events.map((event) => event.json as ResponseStreamEvent))
}

/** By what it says of itself it is no event stream, so that it was read, and held, as a whole. */
function isWhole({ answer }: Attempt): boolean {
  return answer !== undefined && /json|html|xml/i.test(headerOf(answer, 'content-type') ?? '')
}
