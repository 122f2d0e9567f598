import type { TelemetryEvent } from '../../../src/index.ts'
import { seededRandom } from '../../../src/testing/index.ts'
import { answers, refusing, rig } from './rig.ts'

const PROCESSES = 5
const SECOND = 1000

/** What goes wrong, and when. Times are milliseconds of the run. */
export interface Trouble {
  readonly kind: 'cut' | 'lossy' | 'freeze' | 'failure' | 'flush' | 'skew'
  readonly from: number
  readonly until: number
  readonly process: number
}

export interface Outcome {
  readonly seed: number
  readonly troubles: readonly Trouble[]
  readonly limit: number
  /** What is wrong. */
  readonly broken: readonly string[]
  readonly calls: number
}

/**
 * A fleet of five on one store, with delays, losses, partitions, and a store that freezes, fails, loses everything or whose clock is set.
 * All of it is drawn from the seed, and so are the calls.
 */
export async function simulateFleet(seed: number): Promise<Outcome> {
  const random = seededRandom(seed)
  const whole = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1))
  const limit = whole(2, 20)
  const callMs = whole(50, 1500)
  const r = rig(PROCESSES, whole(0, 3) === 0 ? refusing(whole(1, 3), whole(1, 4), answers(callMs)) : answers(callMs), {
    concurrency: { calls: limit },
    retry: { budget: false },
  })
  for (const { path } of r.processes) {
    const [slow, lossy] = [whole(0, 20), random() * 0.02]
    path.delayMs = () => Math.floor(random() * slow)
    path.isLost = () => path.isCut || random() < lossy
  }
  const troubles: Trouble[] = Array.from({ length: whole(0, 3) }, () => {
    const from = whole(4, 20) * SECOND
    const kinds = ['cut', 'lossy', 'freeze', 'failure', 'flush', 'skew'] as const
    const kind = kinds[whole(0, kinds.length - 1)] ?? 'cut'
    return { kind, from, until: from + whole(1, 25) * SECOND, process: whole(0, PROCESSES - 1) }
  })
  const broken: string[] = []
  const running: Array<Promise<Array<number | Error>>> = []
  const loads = r.processes.map(() => ({ every: whole(100, 2000), most: whole(1, 2 * limit), next: 0 }))
  let calls = 0
  // Three commands may be missed in a row without any trouble. The process says so, and then has its share.
  let seenLosses = 0
  let lostAt = -Infinity
  const endsAt = 50 * SECOND
  for (let now = 0; now < endsAt; now += 100) {
    for (const [index, load] of loads.entries()) {
      if (now < load.next) continue
      load.next = now + load.every
      const count = whole(0, load.most)
      // What cannot be done in the time of the run would only wait.
      if (r.at(index).client.stats().activeCalls + count > 2 * limit) continue
      calls += count
      running.push(r.calls(index, count))
    }
    for (const trouble of troubles) apply(r, trouble, now)
    r.flight.most = r.flight.now
    await r.clock.advance(100)
    if (losses(r) > seenLosses) {
      seenLosses = losses(r)
      lostAt = now
    }
    const most = now <= lostAt + ECHO_MS ? boundInTrouble(limit) : boundAt(now, troubles, limit)
    if (r.flight.most > most)
      broken.push(`at ${now} ms ${r.flight.most} calls were under way, and at most ${most} may be`)
  }
  const done = Promise.all(running)
  const state = { isOver: false }
  void done.then(() => {
    state.isOver = true
  })
  for (let waited = 0; !state.isOver && waited < 200; waited++) await r.clock.advance(SECOND)
  if (!state.isOver)
    broken.push(`calls wait for ever: ${r.processes.map(({ client }) => JSON.stringify(client.stats())).join(' ')}`)
  else {
    const failed = (await done).flat().filter((one) => typeof one !== 'number')
    if (failed.length > 0) broken.push(`${failed.length} calls failed: ${String(failed[0])}`)
    await quotasBalance(r, limit, broken)
  }
  await r.destroy()
  if (state.isOver) {
    await r.clock.advance(SECOND)
    if (r.clock.pendingCount > 0) broken.push(`${r.clock.pendingCount} timers are left`)
  }
  return { seed, troubles, limit, broken, calls }
}

type Rig = ReturnType<typeof rig>

function apply(r: Rig, { kind, from, until, process }: Trouble, now: number): void {
  const { path } = r.at(process)
  const begins = now === from
  const ends = now === until
  if (!begins && !ends) return
  switch (kind) {
    case 'cut':
      path.isCut = begins
      return
    case 'lossy': {
      const { isLost } = path
      let n = 0
      if (begins) path.isLost = () => isLost() || n++ % 3 === 0
      return
    }
    case 'freeze':
      if (begins) r.server.freeze()
      else r.server.thaw()
      return
    case 'failure':
      r.server.failure = begins ? "OOM command not allowed when used memory > 'maxmemory'." : undefined
      return
    case 'flush':
      if (begins) r.server.flush()
      return
    case 'skew':
      r.server.skewMs += begins ? 3_600_000 : -3_600_000
  }
}

/** How long after a trouble a process may still act on what it knew in it. */
const ECHO_MS = 20 * SECOND

/** Without trouble the limit; in it, and for a while after it, what is held and the shares. */
function boundAt(now: number, troubles: readonly Trouble[], limit: number): number {
  const isCalm = troubles.every(
    ({ from, until, kind }) => now + 100 < from || now > (kind === 'lossy' ? Infinity : until + ECHO_MS),
  )
  return isCalm ? limit : boundInTrouble(limit)
}

function boundInTrouble(limit: number): number {
  return 2 * Math.max(limit, PROCESSES)
}

/** How often a process has told that its store is lost. */
function losses(r: Rig): number {
  const isLoss = (event: TelemetryEvent): boolean => event.type === 'fleet_store' && event.state === 'lost'
  return r.processes.reduce((sum, { events }) => sum + events.filter(isLoss).length, 0)
}

/** A while after the last trouble the store knows of no more than the limit. */
async function quotasBalance(r: Rig, limit: number, broken: string[]): Promise<void> {
  r.server.failure = undefined
  r.server.thaw()
  for (const { path } of r.processes) {
    path.isLost = () => false
    path.delayMs = () => 1
  }
  const last = Promise.all(r.processes.map((_, index) => r.calls(index, 3)))
  await r.clock.advance(8 * SECOND)
  const key = r.server.keys().find((each) => each.includes(':quotas:'))
  const quotas = Object.entries(r.server.hash(key ?? '')).flatMap(([process, report]) =>
    process === '#' ? [] : [Number(report.split(' ')[2])],
  )
  const sum = quotas.reduce((total, quota) => total + quota, 0)
  if (sum > limit) broken.push(`quotas of ${sum} (${quotas.join(', ')}) are granted, of ${limit}`)
  for (let waited = 0; waited < 60; waited++) await r.clock.advance(SECOND)
  await last
}
