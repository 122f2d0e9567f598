import { expect } from 'vitest'
import type { Fault } from '../../src/testing/server.ts'
import { collectGarbageUntil } from '../e2e/support/collect-garbage.ts'
import { turns, until, within } from '../support/until.ts'
import { fault } from './support/fault.ts'
import { ANSWER, FIRST_DELTA, type Stage } from './support/stage.ts'

const REASON = { why: 'the user pressed stop' }
const STALL: Fault = { at: 'before_event', event: FIRST_DELTA + 2, effect: 'stall' }

/** An hour later still nothing more was sent. */
async function expectSilence(stage: Stage, requests: number): Promise<void> {
  await stage.clock.pass(3_600_000)
  expect(stage.server.requests).toHaveLength(requests)
}

fault('61: abort before dispatch', { time: 'by_hand' }, async (stage) => {
  stage.controller.abort(REASON)
  expect((await stage.call()).error).toBe(REASON)
  expect(stage.server.connections).toEqual([])
})

fault('61: abort in the turn of the call', { time: 'by_hand' }, async (stage) => {
  const call = stage.call()
  stage.controller.abort(REASON)
  expect((await call).error).toBe(REASON)
  await expectSilence(stage, 0)
})

fault('61: abort while connecting', { time: 'by_hand', schemes: ['https'] }, async (stage) => {
  stage.server.script([{ at: 'accept', effect: 'stall' }])
  const call = stage.call()
  await stage.server.waitFor('fault')
  stage.controller.abort(REASON)
  expect((await call).error).toBe(REASON)
  await expectSilence(stage, 0)
})

const POINTS: ReadonlyArray<readonly [string, Fault]> = [
  ['while sending', { at: 'request_body', effect: 'stall' }],
  ['while waiting', { at: 'headers', effect: 'stall' }],
  ['in the prelude', { at: 'before_event', event: 2, effect: 'stall' }],
  ['behind output', STALL],
  ['in the middle of an event', { ...STALL, at: 'inside_event' }],
]
for (const [where, strike] of POINTS) {
  fault(`61: abort ${where}`, { time: 'by_hand' }, async (stage) => {
    stage.server.script([strike])
    const call = stage.call({ input: 'x'.repeat(strike.at === 'request_body' ? 16_000_000 : 10) })
    await stage.server.waitFor('fault')
    await turns(10)
    stage.controller.abort(REASON)
    const { error, events } = await call
    expect(error).toBe(REASON)
    if (stage.face === 'stream') expect(ANSWER.slice(0, events.length)).toEqual(events)
    await expectSilence(stage, 1)
  })
}

fault('61: abort in a back-off sleep', { time: 'by_hand' }, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'status', status: 503 }])
  const call = stage.call()
  await until(() => stage.decisions.length > 0, 'the decision to retry')
  await turns()
  stage.controller.abort(REASON)
  expect((await call).error).toBe(REASON)
  await expectSilence(stage, 1)
})

fault('61: abort after the end', {}, async (stage) => {
  stage.expectWhole(await stage.call())
  stage.controller.abort(REASON)
  await expectSilence(stage, 1)
  stage.renewSignal()
  stage.expectWhole(await stage.call())
})

const BIG = Array.from({ length: 4000 }, (_, n) => ({
  ...ANSWER[FIRST_DELTA],
  sequence_number: n + 4,
  delta: 'x'.repeat(8000),
}))
const LONG = [...ANSWER.slice(0, FIRST_DELTA), ...BIG, { ...ANSWER.at(-1), sequence_number: 5000 }]
fault(
  '62: a consumer stops reading for half an hour',
  { time: 'by_hand', faces: ['stream', 'fetch'], server: { eventsPerWrite: 8, respond: () => LONG as never } },
  async (stage) => {
    const { server, clock, client } = stage
    const iterator = await opened(stage)
    await iterator.next()
    // The buffers of the two sockets take some megabytes; the 32 MB of the answer they do not.
    let sent = -1
    for (const seen = (): number => server.requests[0]?.sentEvents ?? 0; sent !== seen(); await turns(50)) sent = seen()
    expect(sent).toBeLessThan(2500)
    await clock.pass(1_750_000)
    expect(server.connections[0]?.open).toBe(true)
    let chunks = 0
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) chunks++
    expect(chunks).toBeGreaterThan(100)
    await until(() => client.stats().activeCalls === 0, 'the end of the call')
    expect(server.requests).toHaveLength(1)
  },
)

for (const reads of [0, 1]) {
  fault(
    `63: a consumer leaves its loop after ${reads} reads`,
    { time: 'by_hand', faces: ['stream', 'fetch'] },
    async (stage) => {
      stage.server.script([STALL])
      const iterator = await opened(stage)
      for (let n = 0; n < reads; n++) await iterator.next()
      await stage.server.waitFor('fault')
      await iterator.return?.()
      await stage.server.waitFor('connection_closed')
      expect(stage.client.stats()).toMatchObject({ activeCalls: 0, leases: 0, connections: 0 })
    },
  )
}

fault('63: a consumer cancels the body', { time: 'by_hand', faces: ['stream', 'fetch'] }, async (stage) => {
  stage.server.script([STALL])
  const { client } = stage
  const body = stage.face === 'fetch' ? (await posted(stage)).body : client.responses.stream({}).toReadableStream()
  await stage.server.waitFor('fault')
  await expect(body?.cancel('enough')).resolves.toBeUndefined()
  await stage.server.waitFor('connection_closed')
  expect(client.stats()).toMatchObject({ activeCalls: 0, leases: 0, connections: 0 })
})

fault(
  '63: a consumer drops what it was given, unread',
  { time: 'by_hand', faces: ['stream', 'fetch'] },
  async (stage) => {
    stage.server.script([STALL])
    const gone = await (async () => {
      const given = stage.face === 'stream' ? stage.client.responses.stream({}) : await posted(stage)
      await stage.server.waitFor('fault')
      return collection(given)
    })()
    await collectGarbageUntil(() => gone() && stage.server.connections[0]?.open === false)
    expect(gone()).toBe(true)
    await stage.server.waitFor('connection_closed')
    expect(stage.client.stats()).toMatchObject({ activeCalls: 0, leases: 0, connections: 0 })
  },
)

fault('63: a consumer keeps nothing alive by having read a stream', { faces: ['stream', 'fetch'] }, async (stage) => {
  const gone = await (async () => {
    const given = stage.face === 'stream' ? stage.client.responses.stream({}) : await posted(stage)
    for await (const _ of given instanceof Response ? (given.body as ReadableStream) : given) {
      // Only read.
    }
    return collection(given)
  })()
  await collectGarbageUntil(gone)
  expect(gone()).toBe(true)
})

fault('64: a body that can be read once', { faces: ['fetch'] }, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'reset' }])
  let opened = 0
  const body = new ReadableStream({
    start(controller) {
      opened++
      controller.enqueue(Buffer.from('{"model":"m","stream":true}'))
      controller.close()
    },
  })
  const sent = stage.client.fetch(`${stage.url}/v1/responses`, { method: 'POST', body, duplex: 'half' } as RequestInit)
  await expect(sent).rejects.toMatchObject({ cause: { giveUpReason: 'not_replayable', replaySafety: 'unsafe' } })
  expect(opened).toBe(1)
  expect(stage.server.requests).toHaveLength(1)
})

fault(
  '65: frozen options and parameters, used again and again',
  { options: frozen({ timeouts: { ttfbMs: 40_000 }, retry: { budget: false }, headers: { 'x-a': '1' } }) },
  async (stage) => {
    const body = frozen({ input: [{ role: 'user', content: 'hi' }], metadata: { a: 'b' } })
    const before = JSON.stringify(body)
    for (let n = 0; n < 50; n++) {
      if (n % 10 === 0) stage.server.script([{ at: 'headers', effect: 'reset' }, 'ok'])
      stage.expectWhole(await stage.call(body))
    }
    expect(JSON.stringify(body)).toBe(before)
  },
)

const THROWS = (): never => {
  throw new Error('the listener is broken')
}
fault('69: a listener throws at every event', { options: { onEvent: THROWS } }, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'reset' }, 'ok'])
  stage.expectWhole(await stage.call())
})

fault('69: headers() throws', { options: { headers: THROWS } }, async (stage) => {
  stage.expectFailed(await stage.call(), 'headers_failed')
  expect(stage.server.connections).toEqual([])
})

const NEVER = (): Promise<never> => new Promise(() => {})
fault('69: headers() never settles', { time: 'flows', options: { headers: NEVER } }, async (stage) => {
  const start = stage.clock.now()
  stage.expectFailed(await stage.call(), 'headers_timeout')
  expect(stage.clock.now() - start).toBeLessThan(31_000)
})

for (const [what, hook] of [
  ['throws', THROWS],
  ['never settles', NEVER],
] as const) {
  fault(`69: a hook ${what}`, { time: 'flows', options: { onPreviousResponseNotFound: hook } }, async (stage) => {
    stage.expectFailed(await stage.call({ previous_response_id: 'resp_unknown' }), 'hook_failed')
  })
}

/** Tells whether an object has been collected. Asking a `WeakRef` would keep it until the end of the turn. */
function collection(object: object): () => boolean {
  let gone = false
  const registry = new FinalizationRegistry(() => {
    gone = true
  })
  registry.register(object, undefined)
  return () => registry !== undefined && gone
}

/** What is read of a call: a stream of events, or the bytes of a body. */
async function opened(stage: Stage): Promise<AsyncIterator<unknown>> {
  if (stage.face === 'stream') return stage.client.responses.stream({})[Symbol.asyncIterator]()
  return ((await posted(stage)).body as ReadableStream)[Symbol.asyncIterator]()
}

function posted(stage: Stage): Promise<Response> {
  const init = { method: 'POST', body: '{"stream":true}', signal: stage.controller.signal }
  return within(stage.client.fetch(`${stage.url}/v1/responses`, init), 'the headers of an answer')
}

function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) frozen(inner)
  return Object.freeze(value)
}
