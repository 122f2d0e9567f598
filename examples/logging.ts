/**
 * Errors in a log, with pino.
 *
 * The code, the attempts and the number of the call stand on the line, also where a host or an SDK has wrapped the error.
 */
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino'
import { findResilientError } from 'resilient-responses'

export function createLogger(destination?: DestinationStream): Logger {
  const err = (error: Error) => {
    const own = findResilientError(error)
    // `toJSON()` of the error leaves out what must not be in a log: bodies, headers, output.
    return { ...stdSerializers.err(error), ...(own !== undefined && { call: own.toJSON(), explained: own.explain() }) }
  }
  return pino({ serializers: { err } }, destination as DestinationStream)
}
