import { expect } from 'vitest'
import { reasoningStream, toolCallStream } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { turns, until } from '../support/until.ts'
import { fault } from './support/fault.ts'
import type { Stage } from './support/stage.ts'

const SILENT: Fault = { at: 'headers', effect: 'stall' }

fault('9: accepted, nothing ever sent', {}, async (stage) => {
  stage.server.script([SILENT, 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['ttfb_timeout'])
  const [dead, next] = stage.server.connections
  expect(dead).toMatchObject({ closedBy: 'client', requests: 1 })
  expect(next?.number).toBe(2)
})

fault('10: headers, then nothing', {}, async (stage) => {
  stage.server.script([{ at: 'before_event', event: 0, effect: 'stall' }, 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['ttfb_timeout'])
  expect(stage.server.connections).toHaveLength(2)
})

fault('11: comments, and never an event', {}, async (stage) => {
  const comment: Fault = { at: 'before_event', event: 0, effect: 'event', raw: ': ping\n\n' }
  stage.server.script([[comment, comment, comment, { at: 'before_event', event: 0, effect: 'stall' }], 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['ttfb_timeout'])
})

fault('12: dead on every attempt', { options: { maxRetries: 3 } }, async (stage) => {
  stage.server.script([SILENT, SILENT, SILENT, SILENT])
  const error = stage.expectFailed(await stage.call(), 'ttfb_timeout')
  expect(error.attempts.map(({ deadline }) => deadline?.ms)).toEqual([45_000, 72_000, 90_000, 90_000])
  expect(error).toMatchObject({ giveUpReason: 'retries_exhausted', retryable: true })
})

fault(
  '12: dead on every attempt, and a host that stops waiting',
  { faces: ['fetch'], options: { maxRetries: 100, retry: { budget: false }, beforeCommitMs: 300_000 } },
  async (stage) => {
    stage.server.addFaults(SILENT)
    const error = stage.expectFailed(await stage.call(), 'before_commit_timeout')
    expect(error.attempts.map(({ code }) => code).slice(0, -1)).toEqual(
      Array(error.attempts.length - 1).fill('ttfb_timeout'),
    )
    expect(Math.abs((error.attempts.at(-1)?.endedAtMs ?? 0) - 300_000)).toBeLessThan(1000)
  },
)

fault('13: reset just after the request was written', {}, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'reset' }, 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual([expect.stringMatching(/^connection_(?:reset|closed)$/)])
  const [first, second] = stage.server.requests
  expect(second?.body.equals(first?.body as Buffer)).toBe(true)
})

fault(
  '14: a pooled socket that the peer has closed: its FIN was seen',
  { options: { maxRetries: 0 } },
  async (stage) => {
    stage.server.script([{ at: 'after_response', effect: 'half_close' }])
    stage.expectWhole(await stage.call())
    await until(() => stage.client.stats().connections === 0, 'the end of the connection is seen')
    stage.expectWhole(await stage.call())
    expect(stage.codes).toEqual([])
  },
)

for (const effect of ['eof', 'reset'] as const) {
  const what = effect === 'eof' ? 'FIN' : 'RST'
  fault(
    `14: a pooled socket that the peer has closed: ${what} crosses the request`,
    { options: { maxRetries: 0 } },
    async (stage) => {
      stage.server.script(['ok', { at: 'headers', effect }, 'ok'])
      stage.expectWhole(await stage.call())
      await until(() => stage.client.stats().idleConnections === 1, 'the connection is given back')
      stage.expectWhole(await stage.call())
      expect(stage.decisions).toEqual([expect.objectContaining({ retry: true, transparent: true, delayMs: 0 })])
      expect(stage.server.requests.map(({ requestOnConnection }) => requestOnConnection)).toEqual([1, 2, 1])
    },
  )
}

fault('15: a server that never reads the body', {}, async (stage) => {
  stage.server.script([{ at: 'request_body', effect: 'stall' }, 'ok'])
  // More than the buffers of two sockets hold.
  stage.expectWhole(await stage.call({ input: 'x'.repeat(16_000_000) }))
  expect(stage.codes).toEqual(['send_timeout'])
})

fault('16: the first event comes in the turn of the cutoff', { time: 'by_hand' }, async (stage) => {
  // A second request is answered well, if there is one.
  stage.server.script([SILENT])
  const call = stage.call()
  await stage.server.waitFor('fault')
  await turns(10)
  stage.server.release()
  await stage.clock.hurry()
  // Either it was cut and the next attempt answers, or it was not; nobody sees which.
  while (stage.client.stats().activeCalls > 0) await stage.clock.pass(50)
  stage.expectWhole(await call)
})

fault(
  '17: no cutoff before the first event',
  { options: { timeouts: { ttfbMs: 0, staleMs: 400_000 } } },
  async (stage) => {
    stage.server.script([SILENT, 'ok'])
    stage.expectWhole(await stage.call())
    expect(stage.codes).toEqual(['stale_timeout'])
  },
)

for (const [kind, events] of [
  ['reasoning', reasoningStream()],
  ['tool call', toolCallStream()],
] as const) {
  const where = { time: 'by_hand', server: { respond: () => events } } as const
  fault(`18: a stream of nothing but a ${kind} has its first byte`, where, async (stage) => {
    stage.server.script([{ at: 'before_event', event: 4, effect: 'stall' }])
    await expectPatience(stage, 250_000)
    expect(stage.codes).toEqual([])
  })
}

fault('19: slower than the fixed cutoff, within that of its effort', { time: 'by_hand' }, async (stage) => {
  stage.server.script([SILENT])
  await expectPatience(stage, 250_000, { reasoning: { effort: 'high' } })
  expect(stage.codes).toEqual([])
})

/** The one attempt that there is may be silent for so long. */
async function expectPatience(stage: Stage, ms: number, body: Record<string, unknown> = {}): Promise<void> {
  const call = stage.call(body)
  const { request } = await stage.server.waitFor('fault')
  await turns(10)
  await stage.clock.pass(ms)
  expect(stage.server.connections.map(({ open }) => open)).toEqual([true])
  stage.server.release()
  const outcome = await call
  expect(outcome.error).toBeUndefined()
  expect(outcome.response).toMatchObject({ status: 'completed' })
  expect(stage.server.requests).toEqual([request])
}
