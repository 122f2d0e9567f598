import { type MockRequest, MockResponsesServer } from '../../src/testing/server.ts'

/** What the account allows: so many requests in a window, and so many at once. */
export const REQUESTS_PER_WINDOW = 24
export const WINDOW_MS = 2000
const ANSWER_MS = 250

/** One request of a worker: when it came, and whether it was refused. */
export interface Served {
  readonly worker: number
  readonly atMs: number
  readonly refused: boolean
}

/** An account with a limit on requests. A request above it gets 429, and is told to wait for the next window. */
export async function startAccount() {
  const served: Served[] = []
  const startedAt = performance.now()
  let windowAt = startedAt
  let used = 0
  const isRefused = ({ headers }: MockRequest): boolean => {
    const now = performance.now()
    if (now >= windowAt + WINDOW_MS) {
      windowAt = now
      used = 0
    }
    const refused = used >= REQUESTS_PER_WINDOW
    if (!refused) used++
    served.push({ worker: Number(headers['x-worker']), atMs: now - startedAt, refused })
    return refused
  }
  const server = await MockResponsesServer.start({
    ttfbMs: ANSWER_MS,
    faults: [
      {
        at: 'headers',
        effect: 'status',
        status: 429,
        headers: { 'retry-after-ms': String(WINDOW_MS) },
        when: isRefused,
      },
    ],
  })
  return { server, served }
}
