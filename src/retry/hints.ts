import { parseHttpDate } from '../core/clock.ts'
import { DURATION, durationMs } from '../core/duration.ts'

/**
 * A delay that the endpoint gave. Read once, when the answer arrives, and turned into a monotonic instant, so that time
 * spent on anything else is not waited for twice. Malformed and negative hints are ignored, never read as zero.
 */
export interface HintSource {
  /** Looks up a response header by its lower-case name. */
  header(name: string): string | undefined
  readonly error?: UpstreamErrorFields | undefined
  /** Milliseconds since the epoch, now. */
  readonly wallNow: number
}

/** The fields of an endpoint's error object that decide something. Everything else stays in the body. */
export interface UpstreamErrorFields {
  readonly code?: string | undefined
  readonly type?: string | undefined
  readonly param?: string | undefined
  readonly message?: string | undefined
  readonly resetsInSeconds?: number | undefined
  /** Seconds since the epoch. */
  readonly resetsAt?: number | undefined
}

/** Milliseconds to wait, or `undefined` without a usable hint. Strongest source first (5.3). */
export function readHint(source: HintSource): number | undefined {
  return (
    fromMilliseconds(source.header('retry-after-ms')) ??
    fromRetryAfter(source.header('retry-after'), source.wallNow) ??
    fromResets(source.error, source.wallNow) ??
    fromMessage(source.error)
  )
}

function fromMilliseconds(value: string | undefined): number | undefined {
  return value !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? usable(Number(value)) : undefined
}

/** RFC 9110 10.2.3: delay-seconds or an HTTP date. Fractions of seconds are seen in the wild. */
function fromRetryAfter(value: string | undefined, wallNow: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return usable(Number(value) * 1000)
  const instant = parseHttpDate(value)
  return instant === undefined ? undefined : usable(Math.max(0, instant - wallNow))
}

function fromResets(error: UpstreamErrorFields | undefined, wallNow: number): number | undefined {
  if (error?.resetsInSeconds !== undefined) {
    const delay = usable(error.resetsInSeconds * 1000)
    if (delay !== undefined) return delay
  }
  if (error?.resetsAt !== undefined && error.resetsAt > 0) return usable(Math.max(0, error.resetsAt * 1000 - wallNow))
  return undefined
}

const RATE_LIMIT_CODE = /rate_limit/
const TRY_AGAIN = new RegExp(`try again in\\s+(${DURATION.source})`, 'i')

/** `try again in 11.054s`: only in a message about a rate limit. */
function fromMessage(error: UpstreamErrorFields | undefined): number | undefined {
  const { code, type, message } = error ?? {}
  if (message === undefined || !RATE_LIMIT_CODE.test(code ?? type ?? '')) return undefined
  const duration = TRY_AGAIN.exec(message)?.[1]
  return duration === undefined ? undefined : usable(durationMs(duration))
}

/** A number of milliseconds that can be waited for. Rounded up, so that a retry never comes early. */
function usable(ms: number): number | undefined {
  return Number.isFinite(ms) && ms >= 0 ? Math.ceil(ms) : undefined
}
