import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { ResilientClient } from '../../../src/client/resilient-client.ts'
import { findResilientError } from '../../../src/errors/find.ts'
import type { ClosingServerReport, ClosingServerTally } from '../../support/closing-server.worker.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import { turns, within } from '../../support/until.ts'

const CALLS = 3000
const ABREAST = 10

async function ask<T>(worker: Worker, question?: string): Promise<T> {
  const answer = new Promise<T>((resolve) => worker.once('message', resolve))
  if (question !== undefined) worker.postMessage(question)
  return within(answer, 'an answer of the server')
}

it(`none of ${CALLS} POSTs fails, or costs a retry, though the server closes idle connections at the worst moment`, async () => {
  const worker = new Worker(new URL('../../support/closing-server.worker.ts', import.meta.url))
  const { port } = await ask<ClosingServerReport>(worker)
  const url = `http://127.0.0.1:${port}/v1/responses`
  let transparentRetries = 0
  const client = new ResilientClient({
    maxRetries: 0,
    onEvent: (event) => {
      if (event.type === 'retry_decision' && event.decision.retry) transparentRetries++
    },
  })
  const failures = new Map<unknown, number>()
  let started = 0
  const call = async (): Promise<void> => {
    const response = await client.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"model":"m","input":"hi"}',
    })
    expect(await response.json()).toEqual({ object: 'response' })
  }
  const lane = async (): Promise<void> => {
    while (started < CALLS) {
      started++
      await call().catch((error: unknown) => {
        const code = findResilientError(error)?.code ?? error
        failures.set(code, (failures.get(code) ?? 0) + 1)
      })
      if (started % 2 === 0) await turns(1)
    }
  }
  try {
    await Promise.all(Array.from({ length: ABREAST }, lane))
    const tally = await ask<ClosingServerTally>(worker, 'tally')
    expect(Object.fromEntries(failures)).toEqual({})
    // Connections were used again, and many of them closed under us: else this would show nothing.
    expect(tally.connections).toBeLessThan(tally.answered)
    expect(tally.closed).toBeGreaterThan(CALLS / 10)
    expect(transparentRetries).toBeGreaterThan(CALLS / 50)
    await client.close()
    await noClientSocketsLeft(port)
  } finally {
    await worker.terminate()
  }
}, 60_000)
