import type { Call, CallOutcome } from '../call/call.ts'
import { endedEarly } from '../call/nothing-left.ts'
import type { AbortScope } from '../core/abort.ts'
import type { InContext } from '../core/async-context.ts'
import type { Clock } from '../core/clock.ts'
import { sleep } from '../core/race.ts'
import { shortTime } from '../core/short-time.ts'
import { isThenable } from '../core/thenable.ts'
import { DeadlineError } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { classifyUpstream } from '../retry/classify-upstream.ts'
import { errorFieldsOf } from '../retry/error-fields.ts'
import type { Limit } from '../watchdog/deadlines.ts'
import type { EventSequencer } from './event-sequencer.ts'
import { isReported, reportedError } from './interruption.ts'
import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'
import { eventOf } from './session-events.ts'

/** How a response that the endpoint keeps is resumed. */
export interface Resumption {
  readonly clock: Clock
  /** Set if the response was created elsewhere. */
  readonly id?: string
  /** Consecutive resumes without a new event. Progress resets the count. */
  readonly maxFruitless: number
  /** How long to poll when the endpoint does not stream the response any more. `0` ms: no limit. */
  readonly pollFor: Limit
  /** Start of the response's time, on the monotonic clock. Pauses count as well. */
  readonly startedAt: number
  readonly total: Limit
  /** Keeps the response registered as running between its calls. Returns the function that ends this. */
  hold(): () => void
  /**
   * @param ids that the response may have.
   * @param attempts that the calls before have made.
   */
  beginStream(
    id: string,
    startingAfter: number | undefined,
    ids: readonly string[],
    attempts: number,
  ): Call | Promise<Call>
  beginRetrieve(id: string, ids: readonly string[], attempts: number): Call | Promise<Call>
  /** Runs a call in the asynchronous context of the caller, because a socket or a timer begins a resume. */
  readonly inContext: InContext
  /** The response in the answer of a poll. */
  read(call: Call, outcome: CallOutcome): Promise<ResponseObject>
}

interface Continuation {
  /** What broke the stream. Absent at the first resume of a new stream. */
  readonly failed: Failure | undefined
  readonly scope: AbortScope
  readonly intake: EventSequencer
  readonly id: string | undefined
  /** The ids that the events gave the response. */
  readonly ids: readonly string[]
  /** How many attempts the calls so far have made. */
  attempts(): number
  /** Called with every call that is made: for the stream, or for the state of the response. */
  onCall(call: Call, resumes: 'stream' | 'state'): void
  /** Delivers the output of an attempt. Resolves to its failure, or to nothing if the response is complete. */
  pump(call: Call, outcome: CallOutcome): Promise<Failure | undefined>
  /** Delivers one event that is not part of a stream. */
  hand(event: ResponseStreamEvent): void
  response(): ResponseObject | undefined
}

const PAUSE_BASE_MS = 250
const PAUSE_CAP_MS = 5000
const POLL_BASE_MS = 1000
const POLL_CAP_MS = 10_000

/**
 * Resumes after the last delivered event, as often as needed. When the endpoint refuses that, which happens some
 * minutes after the start, polls the response until it is terminal. When two resumes in a row bring no event, reads the
 * state of the response: it may be over. Never repeats the `POST`.
 */
export async function resumed(how: Resumption, on: Continuation): Promise<void> {
  const id = on.id ?? how.id
  if (id === undefined) throw new TypeError('a response without an id cannot be resumed')
  let failed = on.failed
  for (let fruitless = 0; ; ) {
    const last = on.intake.lastSequenceNumber
    // The endpoint answers with the state of the response in place of its stream.
    if (failed?.code === 'response_unfinished') return polled(how, on, id)
    // Without numbers the endpoint would send everything again, and new events could not be recognised.
    if (last === undefined && failed !== undefined) return polled(how, on, id)
    if (fruitless > 0) await pause(Math.min(PAUSE_CAP_MS, PAUSE_BASE_MS * 2 ** (fruitless - 1)), how, on)
    on.intake.resumed()
    const begun = how.beginStream(id, last, [id, ...on.ids], on.attempts())
    const call = isThenable(begun) ? await begun : begun
    on.onCall(call, 'stream')
    const outcome = await how.inContext(() => call.run())
    if (isRefusal(outcome)) return polled(how, on, id)
    failed = isEmpty(outcome) ? outcome.gaveUp?.failure : await on.pump(call, outcome)
    if (failed === undefined) return
    if (!isReported(failed)) call.assertReaderInTime(outcome.attempt, failed)
    call.finish(failed)
    if (isReported(failed)) throw reportedError(call, outcome.attempt, failed, on.response())
    if (failed.code === 'response_unfinished') continue
    fruitless = on.intake.lastSequenceNumber === last ? fruitless + 1 : 0
    // After the last event an endpoint sends an empty stream. Asked twice, because a gateway may send one while events are left.
    if (fruitless > Math.min(1, how.maxFruitless) && endedEarly(failed) && (await readState(how, on, id))) return
    // Each resume lacks the same numbers. The state of the response contains what their events would have said.
    if (fruitless > how.maxFruitless && failed.code === 'sequence_gap') return polled(how, on, id)
    if (fruitless > how.maxFruitless) throw call.errorOf(failed, outcome.attempt, 'retries_exhausted')
    if (failed.lane === undefined) throw call.errorOf(failed, outcome.attempt, 'not_retryable')
  }
}

/** The endpoint has the response, but does not stream it any more. */
function isRefusal({ gaveUp }: CallOutcome): boolean {
  const status = gaveUp?.failure.status
  return status === 400 || status === 404
}

/** The answer to a resume had no event. */
function isEmpty({ gaveUp }: CallOutcome): boolean {
  return gaveUp !== undefined && endedEarly(gaveUp.failure)
}

async function polled(how: Resumption, on: Continuation, id: string): Promise<void> {
  const { clock, pollFor } = how
  const startedAt = clock.now()
  for (let round = 0; ; round++) {
    if (await readState(how, on, id)) return
    const pauseMs = Math.min(POLL_CAP_MS, POLL_BASE_MS * 1.5 ** round)
    if (pollFor.ms > 0 && clock.now() + pauseMs - startedAt >= pollFor.ms) {
      throw new DeadlineError(
        `Polling ${id} timed out: it was not finished after ${shortTime(pollFor.ms)} (staleMs, ${pollFor.source}).`,
        {
          code: 'stale_timeout',
          responseId: id,
          deadline: { name: 'stale', ...pollFor },
        },
      )
    }
    await pause(pauseMs, how, on)
  }
}

/**
 * Reads the response once, and delivers it if it is over.
 *
 * @returns whether it is over.
 * @throws the error of a response that failed, and of a read that failed.
 */
async function readState(how: Resumption, on: Continuation, id: string): Promise<boolean> {
  const begun = how.beginRetrieve(id, [id, ...on.ids], on.attempts())
  const call = isThenable(begun) ? await begun : begun
  on.onCall(call, 'state')
  const outcome = await how.inContext(() => call.run())
  const { attempt, gaveUp } = outcome
  if (gaveUp !== undefined) throw reportedError(call, attempt, gaveUp.failure, undefined, gaveUp.reason)
  const response = await how.read(call, outcome)
  if (!isTerminal(response)) return false
  on.hand(eventOf(response))
  if (response.status !== 'failed') return true
  const words = classifyUpstream({
    status: undefined,
    error: errorFieldsOf({ response }),
    header: () => undefined,
    wallNow: how.clock.wallNow(),
    responseId: id,
    secrets: attempt.secrets,
  })
  throw reportedError(call, attempt, words, response)
}

/** @throws DeadlineError when the time of the response is over. */
async function pause(ms: number, { clock, startedAt, total }: Resumption, { scope, id }: Continuation): Promise<void> {
  const leftMs = total.ms > 0 ? startedAt + total.ms - clock.now() : Infinity
  await sleep(Math.min(ms, Math.max(0, leftMs)), { clock, scope })
  if (ms < leftMs) return
  throw new DeadlineError(
    `Resuming the response timed out: total deadline of ${shortTime(total.ms)} (${total.source}).`,
    {
      code: 'total_timeout',
      retryable: true,
      responseId: id,
      deadline: { name: 'total', ...total },
    },
  )
}

const TERMINAL_STATUSES: ReadonlySet<unknown> = new Set(['completed', 'failed', 'incomplete', 'cancelled'])

function isTerminal(response: ResponseObject): boolean {
  return TERMINAL_STATUSES.has(response.status)
}
