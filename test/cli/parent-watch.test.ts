import { describe, expect, it } from 'vitest'
import { isOfNpx, PROCESSES, type Processes, starterOf, watchParent } from '../../src/cli/parent-watch.ts'
import { VirtualClock } from '../../src/testing/index.ts'

const SHELL = `sh\0-c\0'resilient-responses' serve\0`

/** This process has the parent 7, whose parent is 5. */
function world(cmdline = SHELL) {
  const now: { parent: number; before: number | undefined } = { parent: 7, before: 5 }
  const processes: Processes = {
    parent: () => now.parent,
    read(pid, file) {
      if (pid !== 7 || now.before === undefined) return undefined
      return file === 'cmdline' ? cmdline : `Name:\tsh\nPid:\t7\nPPid:\t${now.before}\nTracerPid:\t0\n`
    },
  }
  const clock = new VirtualClock()
  let told = 0
  const stop = watchParent(clock, starterOf(processes), () => told++, processes)
  return { now, clock, stop, told: () => told }
}

describe('the processes that started the command', () => {
  it('are its parent, whose end is told once', async () => {
    const { now, clock, told } = world()
    await clock.advance(10_000)
    expect(told()).toBe(0)
    now.parent = 1
    await clock.advance(500)
    expect(told()).toBe(1)
    await clock.advance(10_000)
    expect(told()).toBe(1)
  })

  it('are the npx before a shell, too, which lives on after a SIGKILL of npx', async () => {
    const { now, clock, told } = world()
    now.before = 1
    await clock.advance(500)
    expect(told()).toBe(1)
  })

  it('are not the program that started npx: it may end', async () => {
    const { now, clock, told } = world('npm exec resilient-responses serve\0\0\0')
    now.before = 1
    await clock.advance(10_000)
    expect(told()).toBe(0)
  })

  it('count as running where the system does not tell', async () => {
    const { now, clock, told } = world()
    now.before = undefined
    await clock.advance(10_000)
    expect(told()).toBe(0)
    now.before = 5
    await clock.advance(10_000)
    expect(told()).toBe(0)
  })

  it('are not watched any more after the end of the watch', async () => {
    const { now, clock, stop, told } = world()
    stop()
    now.parent = 1
    await clock.advance(10_000)
    expect(told()).toBe(0)
  })

  it('are read from the system', () => {
    const { parent, npx } = starterOf(PROCESSES)
    expect(parent).toBe(process.ppid)
    if (process.platform !== 'linux') expect(npx).toBeUndefined()
    expect(PROCESSES.read(2 ** 30, 'status')).toBeUndefined()
  })
})

it.each([
  ['npx resilient-responses', 'exec', "'resilient-responses'", true],
  ['npx -c "resilient-responses serve"', 'exec', 'resilient-responses serve', true],
  ['npx some-cli, which starts the command', 'exec', "'some-cli'", false],
  ['npm run of a script', 'run', 'resilient-responses serve', false],
  ['no npm', undefined, undefined, false],
] as const)('the command ends with npx if npx started it: %s', (_, command, script, isWatched) => {
  expect(isOfNpx(command, script)).toBe(isWatched)
})
