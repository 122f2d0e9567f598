import { afterEach, beforeEach, expect, it } from 'vitest'
import { explain, ResilientClient, StateNotPortableError } from '../../src/index.ts'
import { textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { until } from '../support/until.ts'
import { inParallel, post, readAll } from './support/calls.ts'
import { expectNothingLeft } from './support/nothing-left.ts'

const ANSWER = textStream({ text: 'one two three four five' })
const COMPLETE = { text: toSSE(ANSWER), error: undefined }
const SILENT: Fault = { at: 'headers', effect: 'stall', label: 'silent' }
const HELD: Fault = { at: 'before_event', event: 1, effect: 'stall', label: 'held' }

let server: MockResponsesServer
let clock: VirtualClock

beforeEach(async () => {
  server = await MockResponsesServer.start({ respond: () => ANSWER })
  clock = new VirtualClock()
})

afterEach(async () => {
  await server.close()
  clock.assertNothingPending()
})

it('a hedge over real sockets sends the same bytes on another connection, and the silent connection is destroyed', async () => {
  const client = new ResilientClient({ clock, hedge: true })
  server.script([SILENT, 'ok'])
  const call = post(client.fetch, server)
  await server.waitFor('fault', 1)
  await clock.advance(10_100)
  const response = await call
  expect(await readAll(response)).toEqual(COMPLETE)
  expect(explain(response)).toContain('(hedge)')
  const [first, second] = server.requests
  expect(second?.body).toEqual(first?.body)
  expect(second?.connectionNumber).not.toBe(first?.connectionNumber)
  await expectNothingLeft(client, server)
})

it('the original that answers first leaves no socket of its hedge', async () => {
  const client = new ResilientClient({ clock, hedge: true })
  server.script([{ ...SILENT, label: 'held' }, SILENT])
  const call = post(client.fetch, server)
  await server.waitFor('fault', 1)
  await clock.advance(10_100)
  await server.waitFor('fault', 2)
  server.release('held')
  expect(await readAll(await call)).toEqual(COMPLETE)
  await expectNothingLeft(client, server)
})

it('endpoints over real sockets: one that is gone is left alone, and state stays where it was made', async () => {
  await using other = await MockResponsesServer.start()
  const gone = await MockResponsesServer.start()
  const baseURL = gone.baseURL
  await gone.close()
  const headers = { authorization: 'Bearer sk-test' }
  const endpoints = [baseURL, other.baseURL].map((each) => ({ baseURL: each, headers }))
  const client = new ResilientClient({ clock, endpoints })
  const ids: string[] = []
  for (let n = 0; n < 20; n++) {
    const call = client.responses.create({ model: 'm', input: 'hi', store: true })
    let over = false
    void call.finally(() => (over = true))
    // A retry waits for a moment.
    while (!over) await clock.advance(200)
    ids.push((await call).id)
  }
  expect(new Set(ids).size).toBe(20)
  const next = await client.responses.create({ model: 'm', input: 'more', previous_response_id: ids[0] as string })
  expect(next.status).toBe('completed')
  await expect(
    client.responses.create({ model: 'm', input: 'more', previous_response_id: 'resp_of_another_process' }),
  ).rejects.toBeInstanceOf(StateNotPortableError)
  await expectNothingLeft(client, other)
})

it('concurrency over real sockets: no more requests at a time than allowed, and all are answered', async () => {
  const client = new ResilientClient({ clock, concurrency: { calls: 3 } })
  server.script(Array.from({ length: 12 }, () => HELD))
  const calls = inParallel(12, 12, async () => readAll(await post(client.fetch, server)))
  for (let released = 0; released < 12; ) {
    await until(() => server.requests.length === Math.min(12, released + 3), 'three requests are under way')
    expect(client.stats()).toMatchObject({ activeCalls: 12 - released, waitingCalls: Math.max(0, 9 - released) })
    released += server.release('held')
    await until(() => client.stats().activeCalls === 12 - released, 'their calls are over')
  }
  for (const read of await calls) expect(read).toEqual(COMPLETE)
  await expectNothingLeft(client, server)
})
