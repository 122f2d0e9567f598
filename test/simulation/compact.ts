import { type AttemptPlan, type CallPlan, HEALTHY, type Schedule } from './schedule.ts'

/** A schedule with all left out that is as it mostly is: short enough for one line of a test. */
export type CompactSchedule = Partial<Omit<Schedule, 'calls'>> & { readonly calls: readonly CompactCall[] }
export type CompactCall = Partial<Omit<CallPlan, 'attempts'>> &
  Pick<CallPlan, 'face'> & { readonly attempts?: readonly Partial<AttemptPlan>[] }

const PLAIN: Omit<Schedule, 'calls'> = {
  seed: 1,
  client: {},
  views: [],
  endpoints: [{ connectMs: 0, restarts: [] }],
  stalls: [],
  wallJumps: [],
  end: { how: 'close' },
  reorder: 0,
}

export function complete({ calls, ...rest }: CompactSchedule): Schedule {
  return {
    ...PLAIN,
    ...rest,
    calls: calls.map(({ attempts = [], ...call }, id) => ({
      id,
      at: 0,
      endpoint: 0,
      ...call,
      attempts: attempts.map((attempt) => ({ ...HEALTHY, ...attempt })),
    })),
  }
}

export function compact({ calls, ...rest }: Schedule): CompactSchedule {
  return {
    ...differing(rest, PLAIN),
    calls: calls.map(({ attempts, ...call }, index) => ({
      ...differing(call, { id: index, at: 0, endpoint: 0 }),
      face: call.face,
      ...(attempts.length > 0 ? { attempts: attempts.map((attempt) => differing(attempt, HEALTHY)) } : {}),
    })),
  }
}

function differing<T extends object>(value: T, plain: Partial<T>): Partial<T> {
  const entries = Object.entries(value) as [keyof T, unknown][]
  return Object.fromEntries(
    entries.filter(([name, field]) => JSON.stringify(field) !== JSON.stringify(plain[name])),
  ) as Partial<T>
}
