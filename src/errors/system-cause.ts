import { isNativeError } from 'node:util/types'
import { ERROR_CATALOG, type ErrorCode } from './catalog.ts'
import { redact } from './redact.ts'

/**
 * The end of every `cause` chain of ours: a plain error with a system code. SDKs look for such a code to recognise a
 * network failure. Copies the facts of the original and does not refer to it, because originals keep sockets and raw
 * response bytes alive.
 */
export interface SystemCause extends Error {
  code: string
  syscall?: string
  address?: string
  port?: number
  hostname?: string
}

const COPIED = ['syscall', 'address', 'port', 'hostname'] as const

export function systemCauseOf(code: ErrorCode, original: unknown, secrets: readonly string[] = []): SystemCause {
  const found = deepestCoded(original)
  const message = found?.message ?? (original instanceof Error ? original.message : ERROR_CATALOG[code].meaning)
  const cause = new Error(redact(message, secrets)) as SystemCause
  // The stack of an I/O callback does not help the user, and costs more than the rest of the error.
  cause.stack = `${cause.name}: ${cause.message}`
  cause.code = systemCodeOf(code, found?.code)
  for (const key of COPIED) {
    const value = found?.[key]
    if (value !== undefined) Object.assign(cause, { [key]: value })
  }
  return cause
}

/** Codes of our own adapters, which SDKs do not know. */
const OWN_CODE = /^(?:ERR_RESILIENT_|FAKE_)/

/** A code that SDKs recognise as a network failure. */
const OF_THE_NETWORK = 'UND_ERR_SOCKET'

/** The original's code if SDKs know it. They do not know codes of parsers and decoders. */
function systemCodeOf(code: ErrorCode, original: unknown): string {
  const { family, systemCode } = ERROR_CATALOG[code]
  return typeof original === 'string' && family !== 'protocol' && !OWN_CODE.test(original)
    ? original
    : (systemCode ?? OF_THE_NETWORK)
}

type CodedError = Error & { code?: unknown; syscall?: unknown; address?: unknown; port?: unknown; hostname?: unknown }

/** Depth to which chains are followed. SDKs wrap two or three deep. */
const MAX_DEPTH = 10

/** More inner errors than an SDK produces. */
const MAX_INNER = 100

/**
 * Walks `cause` and `errors` (of an `AggregateError`, or of the AI SDK's `RetryError`), outermost first. Visits each
 * error once, because a chain may be circular. Accepts errors of another realm, as in test runners. Stops at a link
 * that cannot be read, such as a `Proxy`.
 */
export function* errorChain(error: unknown, depth = 0, seen = new Set<unknown>()): Generator<Error> {
  if (depth > MAX_DEPTH || seen.has(error) || !isError(error)) return
  seen.add(error)
  yield error
  for (const inner of innerOf(error)) yield* errorChain(inner, depth + 1, seen)
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || isNativeError(value)
  } catch {
    return false
  }
}

function innerOf(error: Error): readonly unknown[] {
  const inner: unknown[] = []
  try {
    const { errors } = error as { errors?: unknown }
    if (Array.isArray(errors)) inner.push(...errors.slice(0, MAX_INNER))
  } catch {}
  try {
    inner.push(error.cause)
  } catch {}
  return inner
}

function deepestCoded(error: unknown): CodedError | undefined {
  let found: CodedError | undefined
  for (const link of errorChain(error)) {
    try {
      if (typeof (link as CodedError).code === 'string') found = link as CodedError
    } catch {}
  }
  return found
}
