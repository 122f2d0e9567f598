import { inspect } from 'node:util'
import {
  type ErrorCode,
  findResilientError,
  isResilientError,
  type ResilientError,
  StreamInterruptedError,
} from '../../../src/index.ts'
import type { Caller } from '../caller.ts'
import { wholeResponse } from '../frames.ts'
import { secretIn } from '../secrets.ts'
import { type Served, wasHeard } from '../served.ts'
import { checkBody } from './bodies.ts'
import type { Say, Violations } from './violations.ts'

export interface OutcomeContext {
  readonly violations: Violations
  readonly requestsOf: (call: number) => readonly Served[]
  /** How much time was lost to a blocked loop since then. */
  readonly stalledSince: (at: number) => number
  /** Whether a response lives on one WebSocket alone. */
  readonly isOnlyCopy: (id: unknown) => boolean
}

/** What came out of a call, held against what its endpoint sent and what was done to it. */
export function checkOutcome(caller: Caller, context: OutcomeContext): void {
  const { outcome, plan } = caller
  const say: Say = (invariant, detail) => context.violations.add(invariant, plan.id, detail)
  if (outcome === undefined) return
  const requests = context.requestsOf(plan.id)
  checkPrompt(caller, context, say)
  checkTotal(caller, context, say)
  if (caller.clientWas !== 'open') {
    const error = outcome.kind === 'error' ? outcome.error : undefined
    if (!isResilientError(error, 'client_closed') && caller.abortedAt === undefined && outcome.kind !== 'left')
      say(
        'closed_takes_no_calls',
        `a call on a client that is ${caller.clientWas} came to ${outcome.kind} ${error ?? ''}`,
      )
    if (requests.length > 0) say('closed_takes_no_calls', `a call on a client that is ${caller.clientWas} was sent`)
    return
  }
  if (outcome.kind === 'response') checkResponse(caller, outcome.response, requests, say)
  else if (outcome.kind === 'body') checkBody(caller, outcome, requests, say)
  if ((outcome.kind === 'error' || outcome.kind === 'body') && outcome.error !== undefined)
    checkError(caller, outcome.error, requests, context)
}

/** An abort, or the end of the client, is felt at once. */
function checkPrompt(caller: Caller, { stalledSince }: OutcomeContext, say: Say): void {
  const { abortedAt, endedBy, settledAt = 0, pausedMs } = caller
  const from = Math.min(abortedAt ?? Infinity, endedBy ?? Infinity)
  if (from === Infinity) return
  const took = settledAt - from
  if (took > pausedMs + stalledSince(from)) say('abort_is_prompt', `settled ${took} ms after the abort`)
}

/** The sum of all that its attempts, pauses and sleeps allow. */
function checkTotal(caller: Caller, { stalledSince }: OutcomeContext, say: Say): void {
  const { options, ledgers, startedAt, settledAt = 0 } = caller
  let allowed = caller.pausedMs + 2 * stalledSince(startedAt) + 100
  for (const ledger of ledgers) {
    allowed += ledger.delaysMs
    // Between two calls of one response: a resume waits 5 s at most, a poll 10 s.
    allowed += ledger.method === 'GET' ? 10_000 : 0
    for (const { ended } of ledger.attempts) {
      const took = ended === undefined ? options.staleMs : ended.endedAtMs - ended.startedAtMs
      allowed += took + 1000 + options.headersMs
    }
    allowed += options.headersMs
  }
  const took = settledAt - startedAt
  if (took > allowed) say('deadline_in_time', `came out after ${took} ms, its attempts and sleeps make ${allowed}`)
}

function checkResponse(caller: Caller, response: unknown, requests: readonly Served[], say: Say): void {
  const { witness, plan } = caller
  const got = response as { readonly id?: string; readonly status?: string; readonly output_text?: string }
  const sent = requests.findLast((served) => served.stream !== undefined && served.stream.id === got.id)
  const { stream } = sent ?? {}
  if (sent === undefined || stream === undefined) {
    say('result_as_sent', `a result ${got.id} that was never sent`)
    return
  }
  if (plan.of !== undefined && plan.continuation !== true) {
    if (got.id !== caller.of) say('result_as_sent', `asked for ${caller.of}, and got ${got.id}`)
    return
  }
  if (plan.face === 'background_create') return
  if (!requests.some((served) => served.stream === stream && wasHeard(served) && served.answered?.means === 'ok'))
    say('success_as_sent', `${got.id} is no success, or did not come to its end`)
  if (got.status !== stream.end.how) say('result_as_sent', `status ${got.status}, sent was ${stream.end.how}`)
  if (got.output_text !== stream.text) say('result_as_sent', `text ${got.output_text}, sent was ${stream.text}`)
  if (JSON.stringify(response) !== wholeResponse(stream)) say('result_as_sent', `the response ${got.id} was changed`)
  const iterated = plan.face === 'stream' || plan.face === 'background'
  if (iterated && !witness.polled && witness.seen !== stream.frames.length)
    say('result_as_sent', `${witness.seen} of ${stream.frames.length} events of ${stream.tag} were seen`)
  if (iterated && witness.stream !== stream)
    say('attempts_mixed', `events of ${witness.stream?.tag}, result of ${got.id}`)
}

const CLOSED: ErrorCode = 'client_closed'

function checkError(caller: Caller, error: unknown, requests: readonly Served[], context: OutcomeContext): void {
  const { plan, options, abortedAt, endedBy, reason, params } = caller
  const say: Say = (invariant, detail) => context.violations.add(invariant, plan.id, detail)
  const ours = findResilientError(error)
  checkSecrets(error, plan.id, say)
  if (abortedAt !== undefined) {
    // What had ended before the abort may still be told to a consumer that was away.
    const overBefore = caller.ledgers.every((ledger) => (ledger.endedAt ?? Infinity) <= abortedAt)
    if (error !== reason && endedBy === undefined && !(overBefore && caller.pausedMs > 0))
      say('abort_reason', `aborted, and came to ${error}`)
    return
  }
  if (ours === undefined) {
    say('error_is_ours', `came to ${inspect(error, { depth: 1 }).slice(0, 400)}`)
    return
  }
  if (endedBy !== undefined && ours.code !== CLOSED) say('error_as_caused', `destroyed, and came to ${ours.code}`)
  if (!caller.outlived && ours.code === CLOSED) say('error_as_caused', `came to ${CLOSED}, and nobody closed it`)
  // What a client has put into a request by itself is not lost to the caller.
  const isLost = requests.some(({ answered, hiddenId }) => answered?.means === 'not_found' && hiddenId === undefined)
  if (ours.code === 'previous_response_not_found' && !isLost && !context.isOnlyCopy(params?.previous_response_id))
    say('error_as_caused', `the conversation is called lost, which no endpoint said`)
  const { upstreamCode } = ours as { readonly upstreamCode?: string }
  if (upstreamCode?.startsWith('websocket_') && options.holdsAnswers)
    say('age_loses_no_call', 'the call fails because the time of a socket was over')
  if ((ours.code === 'response_failed' || ours.code === 'http_status') && caller.options.holdsAnswers)
    checkUpstream(ours, requests, say)
  checkPartial(caller, ours, say)
  checkResumes(caller, ours, say)
  const { attempts } = ours
  if (
    attempts.some((attempt, index) => attempt.attempt !== index + 1) &&
    plan.face !== 'background' &&
    options.legs === 1
  )
    say('error_as_caused', `its history is ${attempts.map((attempt) => attempt.attempt)}`)
}

/** The endpoint's own words: of two, the one that says more. */
function checkUpstream(error: ResilientError, requests: readonly Served[], say: Say): void {
  // An interruption by a refused resume has the endpoint's words on its cause.
  const { upstreamCode } = (error instanceof StreamInterruptedError ? error.cause : error) as {
    readonly upstreamCode?: string
  }
  const last = requests.findLast((served) => served.answered !== undefined)
  // Its code was in the frame behind, which did not come in time.
  if (upstreamCode === undefined && last !== undefined && !wasHeard(last)) return
  if (!requests.some(({ answered }) => answered !== undefined && answered.code === upstreamCode))
    say('error_as_caused', `the endpoint is said to have said ${upstreamCode}; it said ${last?.answered?.code}`)
}

function checkPartial({ witness, plan }: Caller, error: ResilientError, say: Say): void {
  const { partial, lastSequenceNumber } = error as {
    readonly partial?: { readonly text: string }
    readonly lastSequenceNumber?: number
  }
  if (plan.face !== 'stream' && plan.face !== 'background') return
  const { stream, seen } = witness
  if (partial === undefined || stream === undefined) return
  const deltas = stream.frames
    .slice(0, seen)
    .flatMap(({ type, json }) =>
      type === 'response.output_text.delta' ? [(JSON.parse(json) as { delta: string }).delta] : [],
    )
  if (partial.text !== deltas.join('')) say('result_as_sent', `partial ${partial.text}, seen was ${deltas.join('')}`)
  if (lastSequenceNumber !== undefined && lastSequenceNumber !== seen - 1)
    say('sequence_rises', `the last number is said to be ${lastSequenceNumber}, seen was ${seen - 1}`)
}

/** Only resumes in a row that bring nothing new may end a response that is kept. */
function checkResumes({ plan, ledgers, options }: Caller, error: ResilientError, say: Say): void {
  const last = ledgers.at(-1)
  if (plan.face !== 'background' || error.giveUpReason !== 'retries_exhausted') return
  // A request of its own that gave up is another matter.
  if (last === undefined || last.method === 'POST' || last.refusal !== undefined) return
  let seen = 0
  let fruitless = 0
  for (const { current, method } of ledgers) {
    const served = current?.served
    if (served?.stream === undefined || !served.streams) continue
    const upTo = served.from <= seen ? served.from + served.delivered : seen
    fruitless = upTo > seen || method === 'POST' ? 0 : fruitless + 1
    seen = Math.max(seen, upTo)
  }
  if (fruitless <= options.maxRetries)
    say(
      'reason_holds',
      `gave up after ${fruitless} resumes in a row that brought nothing new, of ${options.maxRetries}`,
    )
}

/** Everything that a log would show. */
function checkSecrets(error: unknown, call: number, say: Say): void {
  // What a logger prints costs more than the whole call; a share of them is enough over many seeds.
  const texts =
    call % 4 === 0 ? [inspect(error, { depth: 8, showHidden: call % 8 === 0 }), json(error)] : [shown(error)]
  for (const text of texts) {
    const secret = secretIn(text)
    if (secret !== undefined) say('no_secret', `an error shows ${secret}: ${text.slice(0, 300)}`)
  }
}

function shown(error: unknown): string {
  let text = ''
  for (let link = error, depth = 0; link instanceof Error && depth < 6; link = link.cause, depth++) {
    text += `${link.message} ${link.stack ?? ''} ${json(link)}`
  }
  return text
}

function json(error: unknown): string {
  try {
    return JSON.stringify(error) ?? ''
  } catch {
    return ''
  }
}
