import { Membership } from '../../../src/fleet/membership.ts'
import type { Store } from '../../../src/fleet/store.ts'
import type { Fleet } from '../../../src/fleet-port/fleet-port.ts'
import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../../src/index.ts'
import {
  type FakePlan,
  FakeTransport,
  fake,
  seededRandom,
  textStream,
  VirtualClock,
} from '../../../src/testing/index.ts'
import { FreezableClock } from './freezable-clock.ts'
import { MemoryServer, type Path } from './memory-server.ts'

type Plan = Exclude<FakePlan, readonly unknown[]>

export const CREATE = { model: 'm', input: 'hi' } as const

/** A fleet on a store that is given. */
export function fleetOn(store: Store, name = 'test'): Fleet {
  return { join: (member) => new Membership(store, name, member) }
}

/** A network path that a test can cut. */
export class TestPath implements Path {
  isCut = false
  ms = 0

  delayMs(): number {
    return this.ms
  }

  isLost(): boolean {
    return this.isCut
  }
}

/** A process of the fleet. */
export interface Process {
  readonly client: ResilientClient
  readonly path: TestPath
  /** Stops this process alone. */
  readonly clock: FreezableClock
  readonly transport: FakeTransport
  readonly events: TelemetryEvent[]
}

export interface RigOptions extends ResilientClientOptions {
  readonly ofProcess?: (index: number) => ResilientClientOptions
}

/** Several processes on one store, all in one virtual time. */
export function rig(count: number, plan: Plan = answers(1000), { ofProcess, ...options }: RigOptions = {}) {
  const clock = new VirtualClock()
  const server = new MemoryServer(clock)
  const flight = { now: 0, most: 0 }
  const sent: Array<{ at: number; process: number }> = []
  const add = (): Process => {
    const index = processes.length
    const path = new TestPath()
    const events: TelemetryEvent[] = []
    const own = new FreezableClock(clock)
    const transport = new FakeTransport(plan, { clock: own })
    const onEvent = (event: TelemetryEvent): void => {
      events.push(event)
      if (event.type === 'attempt_start') {
        sent.push({ at: clock.now(), process: index })
        flight.now++
        flight.most = Math.max(flight.most, flight.now)
      }
      if (event.type === 'attempt_end') flight.now--
    }
    const client = new ResilientClient({
      transport,
      clock: own,
      random: seededRandom(index + 1),
      baseURL: 'https://api.test/v1',
      apiKey: 'sk-of-all',
      hedge: false,
      onEvent,
      fleet: fleetOn(server.connect(path, own)),
      ...options,
      ...ofProcess?.(index),
    })
    const process = { client, path, clock: own, transport, events }
    processes.push(process)
    return process
  }
  const processes: Process[] = []
  for (let n = 0; n < count; n++) add()
  const at = (index: number): Process => processes[index] as Process
  return {
    clock,
    server,
    flight,
    /** Every request, in order. */
    sent,
    processes,
    add,
    at,
    /** Starts calls at one process; when each ended, or its error. */
    calls(index: number, howMany: number, params: object = {}): Promise<Array<number | Error>> {
      return Promise.all(
        Array.from({ length: howMany }, async () => {
          try {
            await at(index).client.responses.create({ ...CREATE, ...params })
            return clock.now()
          } catch (error) {
            return error as Error
          }
        }),
      )
    },
    /** Requests that a process has sent. */
    sentBy: (index: number): number[] => sent.filter(({ process }) => process === index).map(({ at: when }) => when),
    /** Ends one with its calls, or all of them. */
    async destroy(index?: number): Promise<void> {
      const ending = index === undefined ? processes : [at(index)]
      const all = Promise.all(ending.map(({ client }) => client.destroy()))
      await clock.advance(1000)
      await all
    },
    /** Closes all, and checks that nothing is left. */
    async end(): Promise<void> {
      const closing = Promise.all(processes.map(({ client }) => client.close()))
      await clock.advance(100)
      await closing
      for (const { transport } of processes) transport.assertNothingLeft()
      clock.assertNothingPending()
    },
  }
}

/** Answers after a while. */
export function answers(ms: number): Plan {
  return () => [fake.delay(ms), fake.respond(textStream({ text: 'hello' }))]
}

/** Refuses the first requests with a hint, over all processes. With a model: those of that model. */
export function refusing(times: number, seconds: number, otherwise: Plan = answers(0), model = ''): Plan {
  let left = times
  return (request) =>
    request.text.includes(`"model":"${model}`) && left-- > 0
      ? fake.status(429, { headers: { 'retry-after': String(seconds) } })
      : otherwise(request)
}
