import type { Call, CallOutcome } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import { rememberHistory } from '../errors/histories.ts'
import { ResponseAccumulator } from './accumulator.ts'
import { foldSession } from './fold.ts'
import type { ResponsesHost } from './host.ts'
import { reportedError } from './interruption.ts'
import type { ResponseObject } from './schema/index.ts'
import { StreamSession } from './session.ts'
import { eventOf, resultOf } from './session-events.ts'
import { parseResponse } from './whole-answer.ts'

/** Runs a call for JSON, and gives the response that it brings as the caller gets it. */
export async function readCall(host: ResponsesHost, call: Call, scope: AbortScope): Promise<ResponseObject> {
  const outcome = await call.run()
  const { attempt, gaveUp } = outcome
  if (gaveUp !== undefined) throw reportedError(call, attempt, gaveUp.failure, undefined, gaveUp.reason)
  const response = await readOutcome(host, call, outcome, scope.child())
  const seen = new ResponseAccumulator()
  seen.add(eventOf(response))
  const result = resultOf(response, { outputText: seen.outputText, requestId: attempt.requestId })
  return rememberHistory(result, { attempts: [...call.attempts], startedAt: call.log.startedIso })
}

/** The response that came of a call for JSON. A gateway may answer with the event stream of it: the stream is the answer. */
export async function readOutcome(
  host: ResponsesHost,
  call: Call,
  outcome: CallOutcome,
  scope: AbortScope,
): Promise<ResponseObject> {
  try {
    if (outcome.attempt.readsWhole) return parseResponse(call, outcome.attempt)
    const session = new StreamSession({
      scope,
      outcome,
      intake: { validate: 'off', mendsGaps: false, telemetry: host.telemetry, startingAfter: undefined },
      begin: () => call,
      resumption: undefined,
      interruption: 'error',
      maxBytes: host.maxEventBytes,
    })
    return await foldSession(session, {})
  } finally {
    scope.dispose()
  }
}
