import { textStream } from '../../src/testing/index.ts'
import type { UpgradeOutcome } from './network/web-sockets.ts'
import { factsOf, messageOf } from './plain-answers.ts'
import type { AnswerPlan, AttemptPlan, SocketsPlan } from './schedule.ts'
import type { AnswerFacts, Served } from './served.ts'

type StatusPlan = Extract<AnswerPlan, { kind: 'status' }>

const UPGRADED_AFTER_MS = 2

/** What comes of an upgrade. `served`: the request that waits for it. */
export function answerUpgrade(
  served: Served | undefined,
  { refusesProbes, maxMessageBytes }: SocketsPlan,
): UpgradeOutcome {
  const plan = served?.plan.upgrade
  if (served === undefined)
    return refusesProbes ? refusal(404, undefined) : { afterMs: UPGRADED_AFTER_MS, maxMessageBytes }
  if (plan === undefined) return { afterMs: UPGRADED_AFTER_MS, maxMessageBytes }
  switch (plan) {
    case 'unanswered':
      return { afterMs: undefined }
    case 'invalid':
      served.answered = { status: 101, means: 'later', refused: true, code: undefined, hintMs: undefined }
      return { afterMs: UPGRADED_AFTER_MS, end: { kind: 'refused', status: 101, headers: [], body: Buffer.alloc(0) } }
    case 'resets':
      return { afterMs: UPGRADED_AFTER_MS, end: { kind: 'closed', code: 1006 } }
    case 'greets': {
      const greeting = textStream({ id: 'resp_unasked', text: 'unasked' }).map((event) => JSON.stringify(event))
      return { afterMs: UPGRADED_AFTER_MS, maxMessageBytes, greeting }
    }
    default: {
      const { status, hintMs } = plan
      served.answered = {
        status,
        means: status === 401 ? 'unauthorized' : 'later',
        refused: true,
        code: undefined,
        hintMs,
      }
      served.complete = true
      return refusal(status, hintMs)
    }
  }
}

function refusal(status: number, hintMs: number | undefined): UpgradeOutcome {
  const headers = hintMs === undefined ? [] : [['retry-after-ms', String(hintMs)] as const]
  return { afterMs: UPGRADED_AFTER_MS, end: { kind: 'refused', status, headers, body: Buffer.from('<h1>no</h1>') } }
}

/** Nothing was done for the request, which another socket may carry. */
const OF_SOCKET = { means: 'later', refused: true } as const

/** The message that stands for an answer with an error status. */
export function errorFrame(
  plan: StatusPlan,
  form: NonNullable<AttemptPlan['errorForm']>,
): { readonly text: string; readonly facts: AnswerFacts } {
  const facts = { ...factsOf(plan), ...(plan.code?.startsWith('websocket_') && OF_SOCKET) }
  const { status, code, hintMs, hintAs, shouldRetry, body } = plan
  // A page, or nothing, where a stream was asked for.
  if (status < 300) return { text: '<h1>hello</h1>', facts }
  const headers = {
    ...(hintMs !== undefined && hintAs === 'retry-after-ms' && { 'retry-after-ms': String(hintMs) }),
    ...(hintMs !== undefined && hintAs === 'retry-after' && { 'retry-after': String(hintMs / 1000) }),
    ...(shouldRetry !== undefined && { 'x-should-retry': String(shouldRetry) }),
  }
  const error = { message: messageOf(plan), ...(code !== undefined && { code }) }
  if (form === 'without_status')
    return { text: JSON.stringify({ type: 'error', error }), facts: { ...facts, status: 200 } }
  const said = body !== 'json' ? {} : form === 'flat' ? error : { error: { ...error, headers } }
  return { text: JSON.stringify({ type: 'error', status, ...said, ...(!('error' in said) && { headers }) }), facts }
}
