import { systemRandom } from '../core/random.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { GiveUpReason } from './attempt-record.ts'
import type { ResilientError } from './errors.ts'

/**
 * A drop-in call that gives up with an HTTP answer hands that answer to its SDK, which makes its own error of it. This
 * header of the answer leads from the SDK's error to the history of the call.
 */
export const GIVEN_UP_HEADER = 'x-resilient-responses'

/** The latest calls whose history is kept. A few hundred bytes each, plus the endpoint's message. */
const MOST_CALLS = 500

const givenUp = new RecentMap<string, () => ResilientError>(MOST_CALLS)

let mark: string | undefined

/** Distinguishes copies of the package and processes, which all count their calls from 1. */
function markOfProcess(): string {
  mark ??= Math.floor(systemRandom() * 36 ** 6)
    .toString(36)
    .padStart(6, '0')
  return mark
}

/**
 * Keeps the history of a call that gave up.
 *
 * @param make makes the error of the call. Called at most once, when the error is looked up.
 * @returns the value of the header: `call=17.k3f9a2, attempts=5, gave-up=retries_exhausted`. `17` is the `callId` of
 * telemetry.
 */
export function rememberGivenUp(
  callId: number,
  { attempts, reason }: { readonly attempts: number; readonly reason: GiveUpReason | undefined },
  make: () => ResilientError,
): string {
  const key = keyOf(callId)
  let error: ResilientError | undefined
  givenUp.set(key, () => {
    error ??= make()
    return error
  })
  return `${callHeader(callId)}, attempts=${attempts}, gave-up=${reason ?? 'not_retryable'}`
}

/** The value of the header on an answer with which no call gave up: `call=17.k3f9a2`. */
export function callHeader(callId: number): string {
  return `call=${keyOf(callId)}`
}

function keyOf(callId: number): string {
  return `${callId}.${markOfProcess()}`
}

/**
 * The error of the call that gave up with the answer of which an SDK made `error`, or with this `Response`. Looks at this
 * object alone.
 */
export function givenUpBehind(error: object): ResilientError | undefined {
  const value = headerBehind(error)
  const key = value === undefined ? undefined : /\bcall=(\d+\.\w+)/.exec(value)?.[1]
  return key === undefined ? undefined : givenUp.peek(key)?.()
}

/** SDKs keep the headers of an answer as `headers` (openai), `responseHeaders` (AI SDK) or `response.headers` (ky, axios). */
function headerBehind(error: object): string | undefined {
  try {
    const { headers, responseHeaders, response } = error as {
      readonly headers?: unknown
      readonly responseHeaders?: unknown
      readonly response?: { readonly headers?: unknown } | null
    }
    for (const candidate of [headers, responseHeaders, response?.headers]) {
      const value = headerIn(candidate)
      if (value !== undefined) return value
    }
  } catch {
    // Reading an error of another library may run code that throws.
  }
  return undefined
}

function headerIn(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined
  const { get } = headers as { readonly get?: unknown }
  const value: unknown =
    typeof get === 'function'
      ? get.call(headers, GIVEN_UP_HEADER)
      : (headers as Readonly<Record<string, unknown>>)[GIVEN_UP_HEADER]
  return typeof value === 'string' ? value : undefined
}
