import { readFileSync } from 'node:fs'
import type { Clock } from '../core/clock.ts'

/** Milliseconds. */
const EVERY_MS = 500

/** What is asked of the operating system. */
export interface Processes {
  /** The parent of this process. */
  parent(): number
  /** A file of Linux about a process; `undefined` where it cannot be read, also on every other system. */
  read(pid: number, file: 'cmdline' | 'status'): string | undefined
}

export const PROCESSES: Processes = {
  parent: () => process.ppid,
  read(pid, file) {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1')
    } catch {
      return undefined
    }
  },
}

/** The processes that started this one. */
export interface Starter {
  readonly parent: number
  /**
   * The npx before a shell, which is the parent. Some shells (`dash`, for one) stay while their command runs, and outlive an npx that
   * was killed by SIGKILL or SIGHUP. Known on Linux.
   */
  readonly npx: number | undefined
}

export function starterOf(processes: Processes): Starter {
  const parent = processes.parent()
  const isShell = /^[^\0]*\0-c\0/.test(processes.read(parent, 'cmdline') ?? '')
  return { parent, npx: isShell ? parentOf(parent, processes) : undefined }
}

/** Whether npx itself started this command, by what npm tells a command in its environment. A tool that npx started may have done so. */
export function isOfNpx(npmCommand: string | undefined, script: string | undefined): boolean {
  return npmCommand === 'exec' && /\bresilient-responses\b/.test(script ?? '')
}

/**
 * Calls `onGone` once a process that started this one has ended. `npx` does not pass signals on: after `kill` of an `npx`
 * the command would live on, and keep its port.
 *
 * @param starter as it was when this process began.
 * @returns ends the watch.
 */
export function watchParent(clock: Clock, starter: Starter, onGone: () => void, processes = PROCESSES): () => void {
  let timer: unknown
  const look = (): void => {
    if (hasEnded(starter, processes)) onGone()
    else timer = clock.setTimer(look, EVERY_MS, { unref: true })
  }
  look()
  return () => clock.clearTimer(timer)
}

function hasEnded({ parent, npx }: Starter, processes: Processes): boolean {
  if (processes.parent() !== parent) return true
  // Without an answer, for example because too many files are open, npx counts as running.
  return npx !== undefined && (parentOf(parent, processes) ?? npx) !== npx
}

function parentOf(pid: number, processes: Processes): number | undefined {
  const found = /^PPid:\t(\d+)$/m.exec(processes.read(pid, 'status') ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}
