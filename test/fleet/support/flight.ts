import { systemClock } from '../../../src/core/clock.ts'
import { textStream } from '../../../src/testing/index.ts'
import { MockResponsesServer, type MockServerOptions } from '../../../src/testing/server.ts'
import { pause } from '../../support/until.ts'

/** A server whose answers take a while, and that counts what is under way. */
export async function slowServer(ms: number, options: MockServerOptions = {}) {
  const flight = { now: 0, most: 0 }
  /** When each request came, and from which process. */
  const came: Array<{ readonly at: number; readonly process: string }> = []
  const server = await MockResponsesServer.start({
    ...options,
    respond: async ({ headers, number }) => {
      came.push({ at: systemClock.now(), process: String(headers['x-process']) })
      flight.most = Math.max(flight.most, ++flight.now)
      await pause(ms)
      flight.now--
      return textStream({ id: `resp_${number}`, text: 'hello' })
    },
  })
  return { server, flight, came }
}
