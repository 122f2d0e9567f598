import { textStream, toSSE } from '../../../src/testing/index.ts'
import { standIn } from '../../support/typed.ts'
import { turns } from '../../support/until.ts'
import type { Case, Scene } from '../support/scene.ts'

/** Reads a body in one of the ways that there are. Must begin before it returns. */
type Read = (response: Response) => Promise<unknown>

const MIXINS = ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData'] as const

const readAs = (mixin: (typeof MIXINS)[number]): Read => {
  return (response) => standIn<Record<typeof mixin, () => Promise<unknown>>>(response)[mixin]()
}

/** All branches at once, because the source of a `tee` waits for each of them. */
const readBoth: Read = (response) => Promise.all(response.body?.tee().map((half) => new Response(half).text()) ?? [])

async function loop(response: Response): Promise<unknown> {
  for await (const _part of response.body ?? []) await turns(1)
  return 'all'
}

const READS: ReadonlyArray<readonly [name: string, read: Read]> = [
  ...MIXINS.map((mixin) => [`${mixin}()`, readAs(mixin)] as const),
  ...MIXINS.map((mixin) => [`${mixin}() of a clone`, (response: Response) => readAs(mixin)(response.clone())] as const),
  ['text() of a response and of its clone', (response) => Promise.all([response.clone().text(), response.text()])],
  ['read() of a reader', async (response) => (await response.body?.getReader().read())?.done],
  ['tee()', readBoth],
  ['for await', loop],
  ['a pipe', async (response) => response.body?.pipeTo(new WritableStream()).then(() => 'all')],
]

const FORM = 'a=b&c=d'
const EVENTS = toSSE(textStream({ text: 'hello', id: 'resp_1' }))
const RESPONSE = '{"id":"resp_1","object":"response","status":"completed","model":"m","output":[]}'

const answering = (body: string, type: string): NonNullable<Case['serve']> => {
  return (_request, connection) => connection.answer(body, `HTTP/1.1 200 OK\r\ncontent-type: ${type}`)
}

interface Kind {
  readonly name: string
  readonly serve: NonNullable<Case['serve']>
  readonly call: (scene: Scene, signal: AbortSignal) => Promise<Response>
  readonly reads: typeof READS
}

const asking = (body: string): Kind['call'] => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
  return (scene, signal) => scene.fetch(scene.at('/v1/responses'), { ...init, signal })
}
const OF_RESPONSES = ['text()', 'json() of a clone', 'read() of a reader', 'for await']
const ofResponses = READS.filter(([name]) => OF_RESPONSES.includes(name))

const KINDS: readonly Kind[] = [
  {
    name: 'a form',
    serve: answering(FORM, 'application/x-www-form-urlencoded'),
    call: (scene, signal) => scene.fetch(scene.at('/'), { signal }),
    reads: READS,
  },
  {
    name: 'a response',
    serve: answering(RESPONSE, 'application/json'),
    call: asking('{"model":"m","input":"hi"}'),
    reads: ofResponses,
  },
  {
    name: 'a Responses stream',
    serve: answering(EVENTS, 'text/event-stream'),
    call: asking('{"model":"m","input":"hi","stream":true}'),
    reads: ofResponses,
  },
  {
    name: 'a whole response for a stream',
    serve: answering(RESPONSE, 'application/json'),
    call: asking('{"model":"m","input":"hi","stream":true}'),
    reads: ofResponses,
  },
]

type When = (read: () => Promise<unknown>, abort: () => void) => Promise<unknown>

const WHEN: ReadonlyArray<readonly [name: string, run: When]> = [
  [
    'begun right before the abort',
    (read, abort) => {
      const reading = read()
      abort()
      return reading
    },
  ],
  [
    'begun right behind the abort',
    (read, abort) => {
      abort()
      return read()
    },
  ],
  [
    'begun before the abort, once all has come',
    async (read, abort) => {
      await turns(10)
      const reading = read()
      abort()
      return reading
    },
  ],
  [
    'begun long behind the abort',
    async (read, abort) => {
      await turns(10)
      abort()
      await turns()
      return read()
    },
  ],
]

/** Every way to read a body that has come, around an abort: none may hand out what the built-in one does not. */
export const READS_AND_ABORTS: readonly Case[] = [
  ...KINDS.flatMap(({ name, serve, call, reads }) =>
    reads.flatMap(([reader, read]) =>
      WHEN.map(
        ([when, run]): Case => ({
          name: `abort, ${reader} ${when}, of ${name}`,
          serve,
          client: { maxRetries: 0 },
          async run(scene) {
            const controller = new AbortController()
            const response = await call(scene, controller.signal)
            return run(
              () => read(response),
              () => controller.abort(new RangeError('mine')),
            )
          },
        }),
      ),
    ),
  ),
  ...KINDS.map(
    ({ name, serve, call }): Case => ({
      name: `abort, between the only part and the end, of ${name}`,
      serve,
      async run(scene) {
        const controller = new AbortController()
        const reader = (await call(scene, controller.signal)).body?.getReader()
        await reader?.read()
        controller.abort(new RangeError('mine'))
        return (await reader?.read())?.done
      },
    }),
  ),
  ...[true, false].map(
    (hasSignal): Case => ({
      name: `reading, twice at once, with${hasSignal ? '' : 'out'} a signal`,
      async run({ fetch, at }) {
        const init = hasSignal ? { signal: new AbortController().signal } : {}
        const reader = (await fetch(at('/'), init)).body?.getReader()
        const [first, second] = await Promise.all([reader?.read(), reader?.read()])
        return [Buffer.from(first?.value ?? []).toString(), second?.done]
      },
    }),
  ),
  {
    name: 'reading, twice at once, before anything has come',
    serve: async (_request, connection) => {
      connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n')
    },
    async run({ fetch, at, came }) {
      const reader = (await fetch(at('/'))).body?.getReader()
      const both = Promise.all([reader?.read(), reader?.read()])
      await turns()
      ;(await came()).write('ok')
      const [first, second] = await both
      return [Buffer.from(first?.value ?? []).toString(), second?.done]
    },
  },
]
