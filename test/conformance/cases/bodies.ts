import { beyondTheStandard } from '../../support/typed.ts'
import { all, type Case } from '../support/scene.ts'

const BYTES = new Uint8Array([104, 195, 164, 0, 255])

function form(): FormData {
  const made = new FormData()
  made.append('a', 'b')
  made.append('a', 'ü\r\n"x"')
  made.append('näme"\n', 'c\nd')
  made.append('file', new File([BYTES], 'ä "1".bin', { type: 'text/x' }))
  made.append('blob', new Blob(['x']))
  return made
}

const stream = (...chunks: unknown[]): ReadableStream => beyondTheStandard<ReadableStream>(ReadableStream.from(chunks))
const half = { duplex: 'half' }

/** Made for each call: some can be read once. */
const BODIES: ReadonlyArray<readonly [name: string, body: () => unknown, init?: object]> = [
  ['a string', () => 'täxt'],
  ['an empty string', () => ''],
  ['a lone surrogate', () => 'a\ud800b'],
  ['URLSearchParams', () => new URLSearchParams({ a: 'b c', ä: '&' })],
  ['empty URLSearchParams', () => new URLSearchParams()],
  ['a Blob', () => new Blob([BYTES], { type: 'text/X; a=b' })],
  ['a Blob without a type', () => new Blob(['x'])],
  ['an empty Blob', () => new Blob([])],
  ['a File', () => new File(['x'], 'name', { type: 'text/x' })],
  ['FormData', form],
  ['empty FormData', () => new FormData()],
  ['an ArrayBuffer', () => BYTES.buffer.slice(0)],
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(3)],
  ['a part of a buffer', () => BYTES.subarray(1, 3)],
  ['a DataView', () => new DataView(BYTES.buffer, 2, 2)],
  ['a Float32Array', () => new Float32Array([1.5])],
  ['a Buffer', () => Buffer.from('text')],
  ['a number', () => 5],
  ['an object', () => ({ a: 'b' })],
  ['a boolean', () => false],
  ['undefined', () => undefined],
  ['null', () => null],
  ['a stream', () => stream(Buffer.from('one'), Buffer.from('two')), half],
  ['an empty stream', () => stream(), half],
  ['a stream without duplex', () => stream(Buffer.from('x'))],
  ['a stream that is locked', () => lockedStream(), half],
  ['a stream that was read', () => readStream(), half],
  ['a stream of strings', () => stream('one'), half],
  ['a stream of numbers', () => stream(1), half],
  ['a stream of DataViews', () => stream(new DataView(new ArrayBuffer(2))), half],
  ['an async generator', () => generate(), half],
  ['an async generator without duplex', () => generate()],
  ['a generator', () => [Buffer.from('one')].values(), half],
  ['a stream, with content-length', () => stream(Buffer.from('one')), { ...half, headers: { 'content-length': '3' } }],
  ['a string, with a content-type', () => 'x', { headers: { 'content-type': 'a/b' } }],
  ['a string, with an empty content-type', () => 'x', { headers: { 'content-type': '' } }],
  ['FormData, with a content-type', form, { headers: { 'content-type': 'multipart/form-data; boundary=mine' } }],
]

function lockedStream(): ReadableStream {
  const locked = stream(Buffer.from('x'))
  locked.getReader()
  return locked
}

/** Read from, and free again. */
async function readStream(): Promise<ReadableStream> {
  const read = stream(Buffer.from('x'), Buffer.from('y'))
  const reader = read.getReader()
  await reader.read()
  reader.releaseLock()
  return read
}

async function* generate(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one')
  yield Buffer.from('two')
}

export const BODIES_OF_REQUESTS: readonly Case[] = [
  ...BODIES.map(
    ([name, body, init]): Case => ({
      name: `the body ${name}`,
      run: async ({ fetch, at }) =>
        all(await fetch(at('/'), beyondTheStandard<RequestInit>({ method: 'POST', ...init, body: await body() }))),
    }),
  ),
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'made-up'].flatMap((method) =>
    [{}, { body: '' }, { body: 'text' }].map(
      (init): Case => ({
        name: `${method} with ${JSON.stringify(init)}`,
        serve: (_request, connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
        run: async ({ fetch, at }) => all(await fetch(at('/'), { method, ...init })),
      }),
    ),
  ),
  {
    name: 'bytes that change behind the call',
    async run({ fetch, at }) {
      const body = Buffer.from('text')
      const called = fetch(at('/'), { method: 'POST', body })
      body.fill('x')
      return all(await called)
    },
  },
  {
    name: 'URLSearchParams and FormData that change behind the call',
    async run({ fetch, at }) {
      const params = new URLSearchParams('a=b')
      const data = new FormData()
      const calls = [params, data].map((body) => fetch(at('/'), { method: 'POST', body }))
      params.set('a', 'c')
      data.set('a', 'c')
      await Promise.all(calls.map(async (call) => (await call).text()))
    },
  },
  {
    name: 'a stream that fails',
    async run({ fetch, at }) {
      const body = new ReadableStream({
        pull(controller) {
          controller.error(new RangeError('mine'))
        },
      })
      return all(await fetch(at('/'), { method: 'POST', body, duplex: 'half' } as RequestInit))
    },
  },
  {
    name: 'a stream is locked once it is sent',
    async run({ fetch, at }) {
      const body = stream(Buffer.from('x'))
      const called = fetch(at('/'), { method: 'POST', body, duplex: 'half' } as RequestInit)
      await (await called).text()
      return body.locked ? 'locked' : 'free'
    },
  },
]
