import type { FetchFunction } from '../../../src/index.ts'
import { RawServer } from '../../support/raw-server.ts'
import { type Answer, write } from './answers.ts'
import type { Wrapped } from './suite.ts'

/** A `fetch` that talks to a real server, which gives one answer after another. */
export async function served(fetch: FetchFunction, answers: readonly Answer[], end = async (): Promise<void> => {}) {
  const received: string[] = []
  const carriers: number[] = []
  const server = await RawServer.answering((request, connection) => {
    received.push(request.body.toString())
    carriers.push(connection.number)
    const answer = answers[received.length - 1]
    if (answer === undefined) throw new Error(`request ${received.length} was not expected`)
    write(answer, connection)
  })
  return {
    fetch,
    origin: server.url,
    received: () => received,
    isFree(n) {
      const connection = server.connections[(carriers[n - 1] ?? 0) - 1]
      return connection !== undefined && (connection.ended || connection.closed)
    },
    async end() {
      await end()
      await server.close()
    },
  } satisfies Wrapped
}
