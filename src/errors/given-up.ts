import { systemRandom } from '../core/random.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { GiveUpReason } from './attempt-record.ts'
import type { ResilientError } from './errors.ts'

/**
 * A call that gives up with an HTTP answer hands the answer to its host, and the host makes an error of its own. The answer
 * carries this header, by which the history of the call is found again from the host's error.
 */
export const GIVEN_UP_HEADER = 'x-resilient-responses'

/** Calls whose history is kept: the latest ones. A few hundred bytes each, and the words of the endpoint. */
const MOST_CALLS = 500

const givenUp = new RecentMap<string, () => ResilientError>(MOST_CALLS)

let mark: string | undefined

/** Two copies of the package, or two processes, count their calls alike: the mark tells their headers apart. */
function markOfProcess(): string {
  mark ??= Math.floor(systemRandom() * 36 ** 6)
    .toString(36)
    .padStart(6, '0')
  return mark
}

/**
 * Keeps the history of a call that gave up.
 *
 * @param make makes the error of the call; asked once, and only if somebody looks for it.
 * @returns the value of the header: `call=17.k3f9a2, attempts=5, gave-up=retries_exhausted`. `17` is the `callId` of telemetry.
 */
export function rememberGivenUp(
  callId: number,
  { attempts, reason }: { readonly attempts: number; readonly reason: GiveUpReason | undefined },
  make: () => ResilientError,
): string {
  const key = `${callId}.${markOfProcess()}`
  let error: ResilientError | undefined
  givenUp.set(key, () => {
    error ??= make()
    return error
  })
  return `call=${key}, attempts=${attempts}, gave-up=${reason ?? 'not_retryable'}`
}

/**
 * The error of the call that gave up with the answer of which a host made `error`, or with this `Response`. Looks at this
 * object alone.
 */
export function givenUpBehind(error: object): ResilientError | undefined {
  const value = headerBehind(error)
  const key = value === undefined ? undefined : /\bcall=(\d+\.\w+)/.exec(value)?.[1]
  return key === undefined ? undefined : givenUp.peek(key)?.()
}

/** Hosts keep the headers of an answer as `headers` (openai), `responseHeaders` (AI SDK) or `response.headers` (ky, axios). */
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
    // Another library's error: reading it may run code of that library.
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
