import { parseHttpDate } from '../core/clock.ts'
import { DURATION, durationMs } from '../core/duration.ts'
import type { UpstreamErrorFields } from './error-fields.ts'

/**
 * Where a hint is read from. It is read once, when the answer arrives, and stored as a monotonic instant, so that time
 * spent meanwhile is not waited for again. Malformed and negative hints are ignored, not read as zero.
 */
export interface HintSource {
  /** Returns a response header by its lower-case name. */
  header(name: string): string | undefined
  readonly error?: UpstreamErrorFields | undefined
  /** Current time in milliseconds since the epoch. */
  readonly wallNow: number
  /** The failure is a pushback. Only then are words about waiting read as a hint. */
  readonly isPushback: boolean
}

/** Milliseconds to wait. `undefined` without a usable hint. The most reliable source is read first. */
export function readHint(source: HintSource): number | undefined {
  return (
    fromMilliseconds(source.header('retry-after-ms')) ??
    fromRetryAfter(source.header('retry-after'), source.wallNow) ??
    fromResets(source.error, source.wallNow) ??
    fromMilliseconds(source.header('x-ms-retry-after-ms')) ??
    (source.isPushback ? fromMessage(source.error?.message) : undefined)
  )
}

function fromMilliseconds(value: string | undefined): number | undefined {
  return value !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? usable(Number(value)) : undefined
}

/** RFC 9110 10.2.3: delay-seconds or an HTTP date. Some endpoints send fractions of seconds. */
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

/** Between a word about waiting and the time there may be a few words of the same sentence. */
const WAIT = new RegExp(
  `\\b(?:try(?:ing)? again|retry(?:ing)?|wait(?:ing)?|resets?|come back)\\b[^\\d.!?;\\n]{0,40}(?<!-)(${DURATION.source})(?!\\s*ago)`,
  'i',
)

/** How much of a message is read. A hint stands within a sentence or two. */
const MOST_READ = 8192

/** `Please try again in 11.054s`, `Please retry after 2 seconds.`, `wait for 1 minute`. */
function fromMessage(message: string | undefined): number | undefined {
  const duration = message === undefined ? undefined : WAIT.exec(message.slice(0, MOST_READ))?.[1]
  return duration === undefined ? undefined : usable(durationMs(duration))
}

/** Longer than any wait, and still a safe number. */
const LONGEST_MS = Number.MAX_SAFE_INTEGER

/**
 * Milliseconds from 0, rounded up so that a retry is never early. A time too large for a number becomes a very long
 * wait.
 */
function usable(ms: number): number | undefined {
  return ms >= 0 ? Math.min(LONGEST_MS, Math.ceil(ms)) : undefined
}
