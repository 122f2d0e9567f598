import { systemClock } from '../core/clock.ts'
import { readEnv } from '../core/env.ts'
import { run } from './main.ts'
import { isOfNpx, PROCESSES, starterOf, watchParent } from './parent-watch.ts'

/** Read at once: npx may be killed while the command starts. */
const STARTER = starterOf(PROCESSES)

function onStop(listener: (isFirst: boolean) => void): () => void {
  let isFirst = true
  const heard = (): void => {
    listener(isFirst)
    isFirst = false
  }
  // The end of a terminal or of npx often comes after a signal for the same reason, so it is never a second one, which cuts calls off.
  const ended = (): void => {
    if (isFirst) heard()
  }
  const listeners = { SIGTERM: heard, SIGINT: heard, SIGHUP: ended } as const
  const signals = Object.entries(listeners) as [keyof typeof listeners, () => void][]
  for (const [signal, on] of signals) process.on(signal, on)
  const isWatched = isOfNpx(readEnv('npm_command'), readEnv('npm_lifecycle_script'))
  const stopWatching = isWatched ? watchParent(systemClock, STARTER, ended) : undefined
  return () => {
    stopWatching?.()
    for (const [signal, on] of signals) process.off(signal, on)
  }
}

/** Runs the command of this process, and sets its exit code. */
export async function start(): Promise<void> {
  // A closed output, as in `serve | head` or after the end of a terminal, is not a failure.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
  const isDumb = readEnv('TERM') === 'dumb'
  process.exitCode = await run(process.argv.slice(2), {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    // https://no-color.org: any value but an empty one.
    color: process.stdout.isTTY === true && !isDumb && readEnv('NO_COLOR') === undefined,
    live: process.stderr.isTTY === true && !isDumb,
    onStop,
  })
}
