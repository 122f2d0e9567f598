import { duration } from '../timeline/statistics.ts'
import type { ProbeFigures } from './probe-figures.ts'

/** An option of the library that should not be what it is by default. */
export interface Advice {
  readonly option: string
  readonly value: boolean | number
  readonly why: string
}

/** Fewer dead calls may be chance. */
const LEAST_DEAD = 2
const LEAST_DEAD_SHARE = 0.05
/** Fewer answers say nothing about how long a living call is silent. */
const LEAST_ANSWERS = 3
/** The cutoff of a small call, by default, and the defaults of the other two deadlines. Milliseconds. */
const TTFB_MS = 45_000
const CONNECT_MS = 10_000
const IDLE_MS = 300_000
/** Where calls use this much of a deadline, a slow day would reach it. */
const MUCH = 0.5
const SPARE = 3

/** Which options should be changed, and why. Pure. Empty where the defaults fit. */
export function adviceOf(figures: ProbeFigures): Advice[] {
  return [hedgeAdvice(figures), ttfbAdvice(figures), connectAdvice(figures), idleAdvice(figures)].filter(
    (advice) => advice !== undefined,
  )
}

function hedgeAdvice({ all, waitMs }: ProbeFigures): Advice | undefined {
  const { calls, dead, answered, firstEventMs } = all
  const { p95 } = firstEventMs
  if (dead < LEAST_DEAD || dead / calls < LEAST_DEAD_SHARE || answered < LEAST_ANSWERS || p95 === undefined)
    return undefined
  // Where the living are as slow as the dead are patient, a second request would be a guess.
  if (p95 > waitMs * MUCH) return undefined
  const percent = Math.round((dead / calls) * 100)
  return {
    option: 'hedge',
    value: true,
    why: `${dead} of ${calls} calls (${percent} %) got no event within ${duration(waitMs)}, while 95 % of the answered ones had theirs within ${duration(p95)}. So a silent call is most likely dead, and a second request beside it answers long before a cutoff. The default, 'auto', begins only after a process has seen 20 first events and a dead call, and never at a private or loopback address; true begins with the first call.`,
  }
}

function ttfbAdvice({ all }: ProbeFigures): Advice | undefined {
  const { max } = all.firstEventMs
  if (max === undefined || max <= TTFB_MS * MUCH) return undefined
  return {
    option: 'timeouts.ttfbMs',
    value: roundedUp(max * SPARE, 30_000),
    why: `The first event of a small call took up to ${duration(max)}, and by default a small call is cut after ${duration(TTFB_MS)} without one.`,
  }
}

function connectAdvice({ connections }: ProbeFigures): Advice | undefined {
  const { max } = connections.wholeMs
  if (max === undefined || max <= CONNECT_MS * MUCH) return undefined
  return {
    option: 'timeouts.connectMs',
    value: roundedUp(max * SPARE, 5000),
    why: `A connection took up to ${duration(max)}, and by default it is given up after ${duration(CONNECT_MS)}.`,
  }
}

function idleAdvice({ all }: ProbeFigures): Advice | undefined {
  const { max } = all.longestPauseMs
  if (max === undefined || max <= IDLE_MS * MUCH) return undefined
  return {
    option: 'timeouts.idleMs',
    value: roundedUp(max * SPARE, 60_000),
    why: `Two events of a small call were up to ${duration(max)} apart, and by default a silent stream is cut after ${duration(IDLE_MS)}.`,
  }
}

function roundedUp(ms: number, step: number): number {
  return Math.ceil(ms / step) * step
}
