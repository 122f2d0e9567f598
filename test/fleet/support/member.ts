import { redisFleet } from '../../../src/fleet/index.ts'
import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../../src/index.ts'
import { CLIENTS, type ClientName, type User } from './redis-clients.ts'

export const CREATE = { model: 'm', input: 'hi' } as const

/** A member of a fleet on a real server, in this process. */
export async function member(
  port: number,
  kind: ClientName,
  options: ResilientClientOptions,
  name = 'test',
  user?: User,
) {
  const made = await CLIENTS[kind](port, user)
  const events: TelemetryEvent[] = []
  const client = new ResilientClient({
    apiKey: 'sk-test',
    hedge: false,
    onEvent: (event) => events.push(event),
    ...options,
    fleet: redisFleet(made.client, { name }),
  })
  return {
    client,
    events,
    command: made.command,
    /** What the client was told of its store, in order. */
    stores: () => events.flatMap((event) => (event.type === 'fleet_store' ? [event.state] : [])),
    async [Symbol.asyncDispose]() {
      await client.destroy()
      await made.close()
    },
  }
}

export type Member = Awaited<ReturnType<typeof member>>

/** Calls that follow each other, so many at a time, until `stop()`. */
export function keepCalling({ client }: Member, atATime: number) {
  let isOver = false
  const done = { calls: 0, errors: [] as unknown[] }
  const all = Array.from({ length: atATime }, async () => {
    while (!isOver) {
      try {
        await client.responses.create(CREATE)
        done.calls++
      } catch (error) {
        done.errors.push(error)
        return
      }
    }
  })
  return {
    done,
    async stop(): Promise<void> {
      isOver = true
      await Promise.all(all)
    },
  }
}
