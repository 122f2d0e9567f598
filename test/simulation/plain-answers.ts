import type { Wire } from './network/wire.ts'
import type { AnswerPlan } from './schedule.ts'
import { PLANTED } from './secrets.ts'
import type { AnswerFacts, Served } from './served.ts'

export const EVENT_STREAM = 'text/event-stream'
export const JSON_TYPE = 'application/json'

type StatusPlan = Extract<AnswerPlan, { kind: 'status' }>

const LATER = new Set([408, 409, 425, 429, 500, 502, 503, 504, 529])
const TURNED_AWAY = new Set([429, 503, 529])
export const LATER_CODES = new Set(['server_error', 'server_is_overloaded', 'slow_down', 'rate_limit_exceeded'])
export const REFUSING_CODES = new Set(['server_is_overloaded', 'slow_down', 'rate_limit_exceeded'])

/** An answer that is no stream. It echoes what it must not: a client has to know better than to show it. */
export function answerStatus(served: Served, wire: Wire, now: number, plan: StatusPlan): void {
  const { headMs, then } = served.plan
  const { status, code, hintMs, hintAs, shouldRetry, body } = plan
  const message = messageOf(plan)
  const headers = ['x-request-id', `req_${served.call}_${served.nth}`]
  if (body !== 'none') headers.push('content-type', body === 'json' ? JSON_TYPE : 'text/html')
  if (hintMs !== undefined && hintAs === 'retry-after-ms') headers.push('retry-after-ms', String(hintMs))
  if (hintMs !== undefined && hintAs === 'retry-after') headers.push('retry-after', String(hintMs / 1000))
  if (shouldRetry !== undefined) headers.push('x-should-retry', String(shouldRetry))
  served.answered = factsOf(plan)
  wire.send(now + headMs, { kind: 'head', status, headers, untilClose: false })
  if (body !== 'none') {
    const type = code === undefined ? {} : { code, type: code }
    const error = body === 'json' ? JSON.stringify({ error: { message, ...type } }) : `<h1>${message}</h1>`
    wire.send(now + headMs, { kind: 'data', chunks: [Buffer.from(error)], frames: 0 })
  }
  wire.send(now + headMs, { kind: 'end', closes: then === 'closes' })
}

export function messageOf({ status, code, hintMs, hintAs }: StatusPlan): string {
  const said = hintMs !== undefined && hintAs === 'message' ? ` Please try again in ${hintMs}ms.` : ''
  return `Simulated ${code ?? status} for key ${PLANTED.key}.${said}`
}

export function factsOf({ status, code, hintMs, hintAs, shouldRetry, body }: StatusPlan): AnswerFacts {
  const known = body === 'json' ? code : undefined
  // Words are read where they are a message.
  const hint = hintAs === 'message' && body !== 'json' ? undefined : hintMs
  return {
    status,
    means: meaningOf(status, known, shouldRetry),
    refused: TURNED_AWAY.has(status) || REFUSING_CODES.has(known ?? ''),
    code: known,
    hintMs: hint,
  }
}

function meaningOf(status: number, code: string | undefined, shouldRetry: boolean | undefined): AnswerFacts['means'] {
  if (status === 401) return 'unauthorized'
  if (code === 'previous_response_not_found') return 'not_found'
  // A page, or nothing, where a stream was asked for.
  if (status < 300) return 'later'
  if (shouldRetry === false) return 'final'
  if (code === 'insufficient_quota') return 'final'
  if (shouldRetry === true) return 'later'
  if (code !== undefined && LATER_CODES.has(code)) return 'later'
  return LATER.has(status) ? 'later' : 'final'
}
