import '../support/all-loaded.ts'
// What the first call of a client with WebSockets would load.
import '../../src/client/sockets.ts'
import { drawSchedule } from './draw.ts'
import type { Schedule } from './schedule.ts'
import { type Report, World } from './world.ts'

let worlds = 0

export function runSchedule(schedule: Schedule, log?: (at: number, what: string) => void): Promise<Report> {
  return new World(schedule, `w${++worlds}`, log).run()
}

/** @param sockets see `drawSchedule`. */
export function runSeed(seed: number, sockets = false): Promise<Report> {
  return runSchedule(drawSchedule(seed, sockets))
}
