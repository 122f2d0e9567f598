import { systemClock } from '../core/clock.ts'
import { readEnv } from '../core/env.ts'
import { run } from './main.ts'
import { watchParent } from './parent-watch.ts'

/** Read at once: npx may be killed while the command starts. */
const PARENT = process.ppid

function onStop(listener: (isFirst: boolean) => void): () => void {
  let isFirst = true
  const heard = (): void => {
    listener(isFirst)
    isFirst = false
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, heard)
  const isOfNpx = readEnv('npm_command') === 'exec'
  const stopWatching = isOfNpx ? watchParent(systemClock, () => process.ppid, heard, PARENT) : undefined
  return () => {
    stopWatching?.()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, heard)
  }
}

/** Runs the command of this process, and sets its exit code. */
export async function start(): Promise<void> {
  // A closed standard output, as in `serve | head`, is not a failure.
  process.stdout.on('error', () => {})
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
