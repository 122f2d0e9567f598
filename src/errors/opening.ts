import { ERROR_CATALOG, type ErrorCode } from './catalog.ts'
import type { UpstreamWords } from './upstream-words.ts'

/** The facts for the first line of an explanation. */
interface Said extends UpstreamWords {
  readonly code: ErrorCode
  readonly message: string
  /** For an interruption: the endpoint's answer to the request that would have resumed the response. */
  readonly cause?: unknown
}

/**
 * The first line of an explanation: the endpoint's message with its source (`The model does not exist. (404,
 * model_not_found)`), else the message of an error that a retry cannot heal, because it says what to do. `undefined`
 * where the attempts say everything.
 */
export function openingOf(said: Said): string | undefined {
  const { family, lane } = ERROR_CATALOG[said.code]
  if (family === 'upstream') {
    const words = wordsOfEndpoint(said)
    if (words === undefined && isSaidByEndpoint(said.cause)) return openingOf(said.cause)
    return said.advice === undefined ? words : [words, said.advice].filter((text) => text !== undefined).join(' ')
  }
  const isForTheUser =
    family === 'request' ||
    family === 'closed' ||
    (family === 'connection' && lane === 'final') ||
    // The message names the host.
    said.code === 'host_not_found'
  return isForTheUser ? said.message : undefined
}

function isSaidByEndpoint(cause: unknown): cause is Said {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return (
    typeof code === 'string' &&
    Object.hasOwn(ERROR_CATALOG, code) &&
    ERROR_CATALOG[code as ErrorCode].family === 'upstream'
  )
}

function wordsOfEndpoint({ status, upstreamCode, type, param, upstreamMessage }: Said): string | undefined {
  if ([upstreamMessage, upstreamCode, type, status].every((fact) => fact === undefined)) return undefined
  const facts = [status, upstreamCode ?? type, param === undefined ? undefined : `param ${param}`]
  // A status that is also the code is listed once.
  const told = [...new Set(facts.filter((fact) => fact !== undefined).map(String))].join(', ')
  if (upstreamMessage === undefined) return `The endpoint gave no message, only: ${told}`
  return told === '' ? upstreamMessage : `${upstreamMessage} (${told})`
}
