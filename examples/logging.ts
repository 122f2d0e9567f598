/**
 * Errors in a log, with pino.
 *
 * The code, the attempts and the number of the call stand on the line, also where an SDK has wrapped the error. SDKs keep more on their
 * errors: the AI SDK the whole prompt, all of them headers and the body of the answer. So the line has chosen fields only.
 */
import { type DestinationStream, type Logger, pino } from 'pino'
import { findResilientError } from 'resilient-responses'

/** `message` and `explained` hold what the endpoint said of the failure, which may quote a part of the request. */
export function loggable(error: Error): Record<string, unknown> {
  const { name, message, stack } = error
  const own = findResilientError(error)
  if (own === undefined) return { type: name, message, stack }
  const { code, callId, attempts } = own
  return { type: name, message, stack, code, callId, attempts, explained: own.explain() }
}

export function createLogger(destination?: DestinationStream): Logger {
  return pino({ serializers: { err: loggable, error: loggable } }, destination as DestinationStream)
}
