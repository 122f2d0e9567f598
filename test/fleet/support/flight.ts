import { systemClock } from '../../../src/core/clock.ts'
import { textStream } from '../../../src/testing/index.ts'
import { MockResponsesServer, type MockServerOptions } from '../../../src/testing/server.ts'
import { pause } from '../../support/until.ts'

/** A server whose answers take a while, and that counts what is under way. */
export async function slowServer(ms: number, options: MockServerOptions = {}) {
  const flight = { now: 0, most: 0 }
  /** When each request came, and from which process. */
  const came: Array<{ readonly at: number; readonly process: string }> = []
  const underWay = new Map<string, number>()
  let held: { readonly released: Promise<void>; readonly release: () => void } | undefined
  const count = (process: string, by: number): void => {
    underWay.set(process, (underWay.get(process) ?? 0) + by)
    flight.now += by
    flight.most = Math.max(flight.most, flight.now)
  }
  const server = await MockResponsesServer.start({
    ...options,
    respond: async ({ headers, number }) => {
      const process = String(headers['x-process'])
      came.push({ at: systemClock.now(), process })
      count(process, 1)
      await pause(ms)
      await held?.released
      count(process, -1)
      return textStream({ id: `resp_${number}`, text: 'hello' })
    },
  })
  return {
    server,
    flight,
    came,
    /** Calls of one process that have come and were not answered. */
    underWay: (process: string): number => underWay.get(process) ?? 0,
    /** Answers no call until `release()`. */
    hold(): void {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = { released: promise, release: resolve }
    },
    release(): void {
      held?.release()
      held = undefined
    },
  }
}
