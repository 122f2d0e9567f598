import { counted } from '../../core/counted.ts'

/** Number of pending timers that an error lists. */
const LISTED = 20
/** Number of stack frames that an error shows. */
const TRACED_FRAMES = 6

/** A timer that is armed and has not fired. */
export interface PendingTimer {
  /** When it fires, in the time of `now()`. */
  readonly dueMs: number
  /** Milliseconds from now; negative when it is late. */
  readonly inMs: number
  /** Who armed it (see `labelled`). `undefined` for timers armed on the clock itself. */
  readonly label: string | undefined
  readonly unref: boolean
  /** Where it was armed, with `traces: true`. */
  readonly trace: string | undefined
}

/** The armed timers, for the message of an error. */
export function listTimers(
  timers: readonly PendingTimer[],
  { nowMs, afterIO, hasTraces }: { readonly nowMs: number; readonly afterIO: number; readonly hasTraces: boolean },
): string {
  const lines = timers.slice(0, LISTED).map(({ dueMs, inMs, label, unref, trace }) => {
    const when = inMs >= 0 ? `in ${inMs} ms` : `${-inMs} ms late`
    return `  - ${label ?? 'timer'} due at ${dueMs} ms (${when})${unref ? ', unref' : ''}${trace ? `\n${trace}` : ''}`
  })
  if (timers.length > LISTED) lines.push(`  - and ${timers.length - LISTED} more`)
  if (afterIO > 0) lines.push(`  - ${counted(afterIO, 'afterIO callback')}`)
  const hint = timers.length > 0 && !hasTraces ? '\n(new VirtualClock({ traces: true }) shows who armed them)' : ''
  return `${counted(timers.length, 'timer')} still armed at ${nowMs} ms:\n${lines.join('\n')}${hint}`
}

/** The stack above `entry`, the function that armed the timer. */
export function armedAt(entry: (...args: never[]) => unknown): string | undefined {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, entry)
  return holder.stack
    ?.split('\n')
    .slice(1, 1 + TRACED_FRAMES)
    .join('\n')
}
