import { expect } from 'vitest'
import { ClientClosedError } from '../../src/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { turns } from '../support/until.ts'
import { fault } from './support/fault.ts'
import { FIRST_DELTA, type Stage } from './support/stage.ts'

const SILENT: Fault = { at: 'headers', effect: 'stall', label: 'silent' }
const PRELUDE: Fault = { at: 'before_event', event: 2, effect: 'stall' }
const STREAMING: Fault = { at: 'before_event', event: FIRST_DELTA + 2, effect: 'stall', label: 'streaming' }

function calls(stage: Stage, count: number, name: string) {
  return Array.from({ length: count }, () => stage.call({}, { headers: { 'x-mock-call': name } }))
}

fault('66: a timeout beside 50 streams on the same client', { time: 'by_hand' }, async (stage) => {
  const { server, clock } = stage
  server.script(Array(50).fill(STREAMING), { call: 'streams' })
  server.script([SILENT, 'ok'], { call: 'silent' })
  const streams = calls(stage, 50, 'streams')
  await server.waitFor('fault', 50)
  const silent = calls(stage, 1, 'silent')
  await server.waitFor('fault', 51)
  await turns(10)
  await clock.pass(45_300)
  for (const outcome of await Promise.all(silent)) stage.expectWhole(outcome)
  expect(server.release('streaming')).toBe(50)
  for (const outcome of await Promise.all(streams)) stage.expectWhole(outcome)
  expect(stage.codes).toEqual(['ttfb_timeout'])
  expect(server.requests).toHaveLength(52)
})

for (const how of ['reset', 'close'] as const) {
  fault(`67: 200 streams in the prelude when the server restarts, by ${how}`, { time: 'by_hand' }, async (stage) => {
    const { server } = stage
    server.script(Array(200).fill({ ...PRELUDE, effect: 'delay', ms: 3_600_000 }))
    const streams = calls(stage, 200, 'streams')
    await server.waitFor('fault', 200)
    server.dropConnections(how)
    for (const outcome of await Promise.all(streams)) stage.expectWhole(outcome)
    expect(stage.decisions.filter(({ retry }) => !retry)).toEqual([])
    const count = (type: string): number => stage.telemetry.filter((event) => event.type === type).length
    expect([count('client_created'), count('client_evicted')]).toEqual([2, 1])
  })
}

fault('68: close() while streaming', { time: 'by_hand' }, async (stage) => {
  const { server, client } = stage
  server.script([STREAMING, PRELUDE, SILENT])
  const streams = calls(stage, 3, 'streams')
  await server.waitFor('fault', 3)
  let closed = false
  const closing = client.close().then(() => {
    closed = true
  })
  const { failure, error } = await stage.call()
  expect(failure ?? error).toBeInstanceOf(ClientClosedError)
  await turns(10)
  expect(closed).toBe(false)
  server.release()
  for (const outcome of await Promise.all(streams)) stage.expectWhole(outcome)
  await closing
})

fault('68: destroy() while streaming', { time: 'by_hand' }, async (stage) => {
  const { server, client } = stage
  server.script([STREAMING, PRELUDE, SILENT])
  const streams = calls(stage, 3, 'streams')
  await server.waitFor('fault', 3)
  await turns(10)
  await client.destroy()
  for (const { failure } of await Promise.all(streams)) expect(failure).toBeInstanceOf(ClientClosedError)
  expect(server.requests).toHaveLength(3)
})
