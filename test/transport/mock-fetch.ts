import { systemClock } from '../../src/core/clock.ts'
import type { FetchFunction } from '../../src/transport/fetch-transport.ts'
import type { Behaviour, ReceivedRequest } from './contract.ts'

const LATE_MS = 20

/** A `fetch` of a test: no network, but bodies and signals as they are in a real one. */
export function mockFetch(): { fetch: FetchFunction; received: ReceivedRequest[]; problems: string[] } {
  const received: ReceivedRequest[] = []
  const problems: string[] = []
  const fetch: FetchFunction = async (input, init) => {
    const request = new Request(input, init)
    received.push({
      method: request.method,
      headers: [...request.headers],
      body: new Uint8Array(await request.arrayBuffer()),
    })
    const behaviour = new URL(request.url).pathname.slice(1) as Behaviour
    const signal = init?.signal
    if (behaviour === 'silent') await untilAborted(signal)
    signal?.throwIfAborted()
    return new Response(bodyOf(behaviour, signal, problems), { headers: { 'X-Test': 'Yes' } })
  }
  return { fetch, received, problems }
}

function bodyOf(behaviour: Behaviour, signal: AbortSignal | null | undefined, problems: string[]): ReadableStream {
  let pulls = 0
  return new ReadableStream(
    {
      start(controller) {
        signal?.addEventListener('abort', () => controller.error(signal.reason))
        if (behaviour !== 'head') controller.enqueue(bytes('one'))
      },
      async pull(controller) {
        if (signal?.aborted) problems.push('read on after the signal')
        pulls++
        switch (behaviour) {
          case 'silent':
          case 'head':
          case 'part':
            return untilAborted(signal)
          case 'cut':
            throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
          case 'endless':
            await new Promise<void>((resolve) => systemClock.afterIO(resolve))
            if (!signal?.aborted) controller.enqueue(bytes('x'))
            return
          case 'late':
          case 'answer':
            if (behaviour === 'late' && pulls === 1) {
              await new Promise<void>((resolve) => void systemClock.setTimer(resolve, LATE_MS))
            }
            if (signal?.aborted) return
            if (pulls === 1) controller.enqueue(bytes('two'))
            else if (pulls === 2) controller.enqueue(bytes('three'))
            else controller.close()
        }
      },
    },
    { highWaterMark: 0 },
  )
}

/** Never resolves: rejects with the reason of the signal. */
function untilAborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
    if (signal?.aborted) reject(signal.reason)
  })
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
