import { expect } from 'vitest'
import { collectGarbageUntil } from '../../e2e/support/collect-garbage.ts'
import { turns, until, within } from '../../support/until.ts'
import { ANSWER, FIRST_DELTA, STALLED_OUTPUT } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'
import type { Stage } from '../support/stage.ts'

const READERS = ['stream', 'fetch'] as const
const PARAMS = { model: 'm', input: 'hi' }

const LARGE = [
  ...ANSWER.slice(0, FIRST_DELTA),
  ...Array.from({ length: 4000 }, (_, n) => ({
    ...ANSWER[FIRST_DELTA],
    sequence_number: n + 4,
    delta: 'x'.repeat(8000),
  })),
  { ...ANSWER.at(-1), sequence_number: 5000 },
]

/** The client has let go of everything, and the endpoint sees that it has hung up. */
async function expectFreed(stage: Stage): Promise<void> {
  await until(() => stage.requests[0]?.hungUp === true, 'the endpoint sees the client go')
  expect(stage.client.stats()).toMatchObject({ activeCalls: 0, leases: 0, connections: 0 })
}

function leaves(what: string, leave: (stage: Stage) => Promise<void>): Case {
  return {
    what,
    time: 'by_hand',
    faces: READERS,
    endpoint: [STALLED_OUTPUT],
    hangsUp: true,
    play: async (stage) => {
      await leave(stage)
      await expectFreed(stage)
    },
  }
}

/** What is read of a call: a stream of events, or the bytes of a body. */
async function opened(stage: Stage): Promise<AsyncIterator<unknown>> {
  if (stage.face === 'stream') return stage.client.responses.stream(PARAMS)[Symbol.asyncIterator]()
  return bodyOf(await posted(stage))[Symbol.asyncIterator]()
}

function posted(stage: Stage): Promise<Response> {
  const init = { method: 'POST', body: JSON.stringify({ ...PARAMS, stream: true }), signal: stage.controller.signal }
  return within(stage.client.fetch(`${stage.url}/v1/responses`, init), 'the headers of an answer')
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  if (body === null) throw new TypeError('the answer has no body')
  return body
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

/** Who reads, and stops reading. */
export const CONSUMERS: Chapter = {
  62: {
    title: 'a consumer stops reading',
    expectation: 'memory flat, no false timeout; it gets the rest when it reads on',
    cases: [
      {
        what: 'for half an hour, while megabytes come',
        only: { on: 'sockets', because: 'the buffers of the kernel are what fills' },
        time: 'by_hand',
        faces: READERS,
        answer: LARGE,
        sockets: {
          server: { eventsPerWrite: 8 },
          play: async (stage) => {
            const { server, client } = stage
            const iterator = await opened(stage)
            await iterator.next()
            // The buffers of the two sockets take some megabytes; the 32 MB of the answer they do not.
            const seen = (): number => server.requests[0]?.sentEvents ?? 0
            for (let sent = -1; sent !== seen(); await turns(50)) sent = seen()
            expect(seen()).toBeLessThan(2500)
            await stage.pass(1_750_000)
            expect(server.connections[0]?.open).toBe(true)
            let chunks = 0
            for (let next = await iterator.next(); !next.done; next = await iterator.next()) chunks++
            expect(chunks).toBeGreaterThan(100)
            await until(() => client.stats().activeCalls === 0, 'the end of the call')
            expect(server.requests).toHaveLength(1)
          },
        },
      },
      {
        what: 'for ten minutes, while an event comes every second',
        time: 'by_hand',
        faces: READERS,
        everyMs: 1000,
        options: { timeouts: { idleMs: 30_000, progressMs: 30_000 } },
        play: async (stage) => {
          const opening = opened(stage)
          await stage.pass(20_000)
          const iterator = await opening
          await stage.pass(600_000)
          expect(stage.requests).toMatchObject([{ hungUp: false }])
          for (let next = await iterator.next(); !next.done; next = await iterator.next());
          await until(() => stage.client.stats().activeCalls === 0, 'the end of the call')
          expect(stage.requests).toHaveLength(1)
        },
      },
    ],
  },
  63: {
    title: 'a consumer leaves',
    expectation: 'the socket is freed, nothing is kept alive',
    cases: [
      ...[0, 1].map((reads) =>
        leaves(`its loop after ${reads} reads`, async (stage) => {
          const iterator = await opened(stage)
          for (let n = 0; n < reads; n++) await iterator.next()
          await stage.struck()
          await iterator.return?.()
        }),
      ),
      leaves('by cancelling the body', async (stage) => {
        const body =
          stage.face === 'fetch'
            ? bodyOf(await posted(stage))
            : stage.client.responses.stream(PARAMS).toReadableStream()
        await stage.struck()
        await expect(body.cancel('enough')).resolves.toBeUndefined()
      }),
      leaves('by dropping what it was given, unread', async (stage) => {
        const gone = await (async () => {
          const given = stage.face === 'stream' ? stage.client.responses.stream(PARAMS) : await posted(stage)
          await stage.struck()
          return collection(given)
        })()
        await collectGarbageUntil(() => gone() && stage.requests[0]?.hungUp === true)
        expect(gone()).toBe(true)
      }),
      {
        what: 'and nothing is kept alive by its having read a stream',
        time: 'by_hand',
        faces: READERS,
        play: async (stage) => {
          const gone = await (async () => {
            const given = stage.face === 'stream' ? stage.client.responses.stream(PARAMS) : await posted(stage)
            for await (const _ of given instanceof Response ? bodyOf(given) : given) {
              // Only read.
            }
            return collection(given)
          })()
          await collectGarbageUntil(gone)
          expect(gone()).toBe(true)
        },
      },
    ],
  },
}
