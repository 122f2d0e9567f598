import '../support/all-loaded.ts'
import { drawSchedule } from './draw.ts'
import type { Schedule } from './schedule.ts'
import { type Report, World } from './world.ts'

let worlds = 0

export function runSchedule(schedule: Schedule, log?: (at: number, what: string) => void): Promise<Report> {
  return new World(schedule, `w${++worlds}`, log).run()
}

export function runSeed(seed: number): Promise<Report> {
  return runSchedule(drawSchedule(seed))
}
