import { getEventListeners } from 'node:events'
import { turns, until } from '../../support/until.ts'
import { type Case, outcomeOf, type Scene } from '../support/scene.ts'

const HALF = 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'
const silent: NonNullable<Case['serve']> = () => {}

/** What a call came to, and whether the reason came out as the very thing that was given. */
async function against(promise: Promise<unknown>, reason: unknown): Promise<unknown> {
  const outcome = await outcomeOf(promise)
  const same = await promise.then(
    () => false,
    (error) => error === reason,
  )
  return [outcome, same]
}

const REASONS: ReadonlyArray<readonly [name: string, reason: () => unknown]> = [
  ['no reason', () => undefined],
  ['an Error', () => new RangeError('mine')],
  ['a TimeoutError', () => new DOMException('mine', 'TimeoutError')],
  ['a string', () => 'mine'],
  ['null', () => null],
]

type When = (scene: Scene, controller: AbortController, abort: () => void) => Promise<unknown>

const WHEN: ReadonlyArray<readonly [name: string, serve: Case['serve'], run: When]> = [
  [
    'before the call',
    undefined,
    (scene, { signal }, abort) => {
      abort()
      return scene.fetch(scene.at('/'), { signal })
    },
  ],
  [
    'right behind the call',
    undefined,
    (scene, { signal }, abort) => {
      const called = scene.fetch(scene.at('/'), { signal })
      abort()
      return called
    },
  ],
  [
    'before the head',
    silent,
    async (scene, { signal }, abort) => {
      const called = scene.fetch(scene.at('/'), { signal })
      called.catch(() => {})
      const connection = await scene.came()
      abort()
      await connection.gone()
      return called
    },
  ],
  [
    'with a read pending',
    (_request, connection) => connection.write(HALF),
    async (scene, { signal }, abort) => {
      const response = await scene.fetch(scene.at('/'), { signal })
      const read = response.text()
      read.catch(() => {})
      await turns()
      abort()
      await (await scene.came()).gone()
      return read
    },
  ],
  [
    'with the body unread',
    (_request, connection) => connection.write(HALF),
    async (scene, { signal }, abort) => {
      const response = await scene.fetch(scene.at('/'), { signal })
      await turns()
      abort()
      await (await scene.came()).gone()
      return response.text()
    },
  ],
  [
    'with a clone',
    (_request, connection) => connection.write(HALF),
    async (scene, { signal }, abort) => {
      const response = await scene.fetch(scene.at('/'), { signal })
      const clone = response.clone()
      abort()
      return Promise.all([response.text(), clone.text()])
    },
  ],
  [
    'once all is read',
    undefined,
    async (scene, { signal }, abort) => {
      const response = await scene.fetch(scene.at('/'), { signal })
      const text = await response.text()
      abort()
      return text
    },
  ],
  [
    'of a signal in a Request',
    silent,
    async (scene, { signal }, abort) => {
      const called = scene.fetch(new Request(scene.at('/'), { signal }))
      called.catch(() => {})
      await scene.came()
      abort()
      return called
    },
  ],
  [
    'of a signal in a Request that was aborted',
    undefined,
    (scene, { signal }, abort) => {
      abort()
      return scene.fetch(new Request(scene.at('/'), { signal }))
    },
  ],
  [
    'while a stream is sent',
    silent,
    async (scene, { signal }, abort) => {
      let cancelledWith: unknown = 'nothing'
      const body = new ReadableStream(
        {
          async pull(source) {
            await turns(1)
            source.enqueue(Buffer.from('x'))
          },
          cancel: (why) => {
            cancelledWith = why
          },
        },
        { highWaterMark: 0 },
      )
      const called = scene.fetch(scene.at('/'), { method: 'POST', body, signal, duplex: 'half' } as RequestInit)
      called.catch(() => {})
      await turns(10)
      abort()
      const outcome = await outcomeOf(called)
      await turns()
      return [outcome, cancelledWith === 'nothing' ? 'the source was not told' : 'the source was told']
    },
  ],
]

export const ABORTS: readonly Case[] = [
  ...WHEN.flatMap(([when, serve, run]) =>
    REASONS.map(
      ([what, reasonOf]): Case => ({
        name: `abort ${when}, with ${what}`,
        serve,
        run(scene) {
          const controller = new AbortController()
          const reason = reasonOf()
          return against(
            run(scene, controller, () => controller.abort(reason)),
            reason,
          )
        },
      }),
    ),
  ),
  {
    name: 'abort, a Request whose signal the init takes away',
    async run({ fetch, at }) {
      const controller = new AbortController()
      const request = new Request(at('/'), { signal: controller.signal })
      controller.abort()
      return (await fetch(request, { signal: null })).text()
    },
  },
  {
    name: 'abort, a Request whose signal the init replaces',
    serve: silent,
    async run({ fetch, at, came }) {
      const [first, second] = [new AbortController(), new AbortController()]
      const called = fetch(new Request(at('/'), { signal: first.signal }), { signal: second.signal })
      called.catch(() => {})
      await came()
      second.abort(new RangeError('mine'))
      return called
    },
  },
  {
    name: 'abort by AbortSignal.timeout()',
    async run({ fetch, at }) {
      // biome-ignore lint/plugin: the signal that callers have; its time is not looked at.
      const signal = AbortSignal.timeout(1)
      await until(() => signal.aborted, 'the time is over')
      return fetch(at('/'), { signal })
    },
  },
  {
    name: 'abort by AbortSignal.any()',
    serve: silent,
    async run({ fetch, at, came }) {
      const controller = new AbortController()
      const called = fetch(at('/'), { signal: AbortSignal.any([controller.signal, new AbortController().signal]) })
      called.catch(() => {})
      await came()
      controller.abort(new RangeError('mine'))
      return called
    },
  },
  {
    name: 'abort, no listener stays on the signal',
    async run({ fetch, at }) {
      const { signal } = new AbortController()
      await (await fetch(at('/'), { signal })).text()
      await turns()
      return getEventListeners(signal, 'abort').length
    },
  },
]
