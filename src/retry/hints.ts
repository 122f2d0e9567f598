import { parseHttpDate } from '../core/clock.ts'
import { DURATION, durationMs } from '../core/duration.ts'
import type { UpstreamErrorFields } from './error-fields.ts'

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
  /** The failure says "not now": only then do words about waiting speak of a delay. */
  readonly isPushback: boolean
}

/** Milliseconds to wait, or `undefined` without a usable hint. Strongest source first. */
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

/** What may stand between a word about waiting and the time: a few words, in the same sentence. */
const WAIT = new RegExp(
  `\\b(?:try(?:ing)? again|retry(?:ing)?|wait(?:ing)?|resets?|come back)\\b[^\\d.!?;\\n]{0,40}(?<!-)(${DURATION.source})(?!\\s*ago)`,
  'i',
)

/** Messages are of any length, and what they say about waiting they say in a sentence or two. */
const MOST_READ = 8192

/** `Please try again in 11.054s`, `Please retry after 2 seconds.`, `wait for 1 minute`. */
function fromMessage(message: string | undefined): number | undefined {
  const duration = message === undefined ? undefined : WAIT.exec(message.slice(0, MOST_READ))?.[1]
  return duration === undefined ? undefined : usable(durationMs(duration))
}

/** Longer than any wait, and still a number to reckon with. */
const LONGEST_MS = Number.MAX_SAFE_INTEGER

/**
 * A number of milliseconds from 0. Rounded up, so that a retry never comes early. A time that is too large for a number is a
 * very long time, and no reason to come back at once.
 */
function usable(ms: number): number | undefined {
  return ms >= 0 ? Math.min(LONGEST_MS, Math.ceil(ms)) : undefined
}
