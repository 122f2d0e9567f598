import { Readable } from 'node:stream'
import type { RawConnection } from '../../support/raw-server.ts'
import { invalid, standIn } from '../../support/typed.ts'
import { turns } from '../../support/until.ts'
import { type Case, outcomeOf, type Scene } from '../support/scene.ts'

type Read = (response: Response, scene: Scene) => Promise<unknown>

const MULTIPART =
  '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x\r\ncontent-disposition: form-data; name="f"; filename="n"\r\n\r\nfile\r\n--x--\r\n'

const reads = (name: string, read: Read, body = '{"a":"ä"}', type = 'application/json'): Case => ({
  name: `reading, ${name}`,
  serve: (_request, connection) => connection.answer(body, `HTTP/1.1 200 OK\r\ncontent-type: ${type}`),
  run: async (scene) => read(await scene.fetch(scene.at('/')), scene),
})

const MIXINS = ['text', 'json', 'arrayBuffer', 'blob', 'bytes', 'formData'] as const

const read = (response: Response, mixin: (typeof MIXINS)[number]): Promise<unknown> =>
  standIn<Record<typeof mixin, () => Promise<unknown>>>(response)[mixin]()

async function entries(form: FormData): Promise<unknown> {
  const shown = [...form].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()])
  return Promise.all(shown)
}

async function shown(value: unknown): Promise<unknown> {
  if (value instanceof ArrayBuffer) return ['ArrayBuffer', Buffer.from(value).toString()]
  if (value instanceof Uint8Array) return ['Uint8Array', Buffer.from(value).toString()]
  if (value instanceof Blob) return ['Blob', value.type, await value.text()]
  return value instanceof FormData ? entries(value) : value
}

export const READING: readonly Case[] = [
  ...MIXINS.map((mixin) =>
    reads(`${mixin}(), then again`, async (response) => {
      const before = response.bodyUsed
      const first = outcomeOf(read(response, mixin).then(shown))
      return [before, response.bodyUsed, await first, await outcomeOf(read(response, mixin)), response.body?.locked]
    }),
  ),
  ...MIXINS.map((mixin) => reads(`${mixin}() of nothing`, async (response) => shown(await read(response, mixin)), '')),
  reads(
    'formData() of a form',
    async (response) => entries(await response.formData()),
    MULTIPART,
    'multipart/form-data; boundary=x',
  ),
  reads(
    'formData() of pairs',
    async (response) => entries(await response.formData()),
    'a=b&c=d+e',
    'application/x-www-form-urlencoded',
  ),
  reads(
    'formData() of a broken form',
    async (response) => entries(await response.formData()),
    '--y',
    'multipart/form-data; boundary=x',
  ),
  reads('json() of what is none', (response) => response.json(), '{"a":'),
  reads('json() behind a byte order mark', (response) => response.json(), '\ufeff{"a":1}'),
  reads('text() twice at once', (response) => Promise.all([response.text(), response.text()].map(outcomeOf))),
  reads('text() of a locked body', async (response) => {
    const reader = response.body?.getReader()
    const locked = await outcomeOf(response.text())
    reader?.releaseLock()
    return [locked, response.bodyUsed, await response.text()]
  }),
  reads('text() after a part was read', async (response) => {
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    reader?.releaseLock()
    return [value instanceof Uint8Array, response.bodyUsed, await outcomeOf(response.text())]
  }),
  reads('text() after cancel()', async (response) => {
    const cancelled = await outcomeOf(response.body?.cancel() ?? Promise.reject())
    return [cancelled, response.bodyUsed, await outcomeOf(response.text())]
  }),
  reads('cancel() of a locked body', async (response) => {
    response.body?.getReader()
    return outcomeOf(response.body?.cancel() ?? Promise.reject())
  }),
  reads('the body is the same object each time', async (response) => {
    const { body } = response
    return [response.body === body, await response.text()]
  }),
  reads('through a TextDecoderStream', async (response) => {
    let text = ''
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += part
    return text
  }),
  reads('for await', async (response) => {
    const parts: Uint8Array[] = []
    for await (const part of response.body ?? []) parts.push(part)
    return [Buffer.concat(parts).toString(), response.bodyUsed]
  }),
  reads('tee()', async (response) => {
    const [a, b] = response.body?.tee() ?? []
    return [await new Response(a).text(), await new Response(b).text()]
  }),
  reads('into a stream of Node', async (response) => Readable.fromWeb(invalid(response.body)).toArray().then(String)),
  reads('into another Response', (response) => new Response(response.body, response).json()),
  reads('into the body of a Request', async (response, { fetch, at }) => {
    const sent = await fetch(at('/'), { method: 'POST', body: response.body, duplex: 'half' } as RequestInit)
    return sent.text()
  }),
  reads('with a reader of buffers (BYOB)', async (response) => {
    const reader = response.body?.getReader({ mode: 'byob' })
    const { value } = (await reader?.read(new Uint8Array(2))) ?? {}
    await reader?.cancel()
    return Buffer.from(value ?? []).toString()
  }),
  reads('a clone, both read', async (response) => {
    const clone = response.clone()
    const { status, url, redirected, type } = clone
    const headers = [...clone.headers]
    return [
      { status, url, redirected, headers, same: type === response.type },
      await response.text(),
      await clone.text(),
    ]
  }),
  reads('a clone of a clone', async (response) => {
    const clone = response.clone().clone()
    return [clone.url, await response.text(), await clone.text()]
  }),
  reads('a clone, one cancelled', async (response) => {
    const clone = response.clone()
    void clone.body?.cancel()
    return response.text()
  }),
  reads('a clone of what was read', async (response) => {
    await response.text()
    return response.clone().text()
  }),
  reads('a clone of what is being read', async (response) => {
    response.body?.getReader()
    return response.clone().text()
  }),
  reads('a clone has headers of its own', async (response) => {
    const clone = response.clone()
    await outcomeOf((async () => clone.headers.set('content-type', 'x'))())
    return [response.headers.get('content-type'), await response.text()]
  }),
  {
    name: 'reading, a body that comes bit by bit',
    serve: sendsInParts,
    async run({ fetch, at, came }) {
      const response = await fetch(at('/'))
      const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
      const first = Buffer.from((await reader.read()).value ?? []).toString()
      ;(await came()).write('3\r\ntwo\r\n0\r\n\r\n')
      let rest = ''
      for (let part = await reader.read(); !part.done; part = await reader.read())
        rest += Buffer.from(part.value).toString()
      await reader.closed
      return [first, rest]
    },
  },
  ...(['cancel', 'break', 'reader'] as const).map(
    (how): Case => ({
      name: `reading, ${how} in the middle frees the connection`,
      serve: sendsInParts,
      async run({ fetch, at, came }) {
        const response = await fetch(at('/'))
        const body = response.body as ReadableStream<Uint8Array>
        if (how === 'cancel') await body.cancel(new Error('enough'))
        else if (how === 'break') for await (const _part of body) break
        else {
          const reader = body.getReader()
          await reader.read()
          const pending = outcomeOf(reader.read().then(({ done }) => done))
          await reader.cancel()
          expectDone(await pending)
        }
        await (await came()).gone()
        return [response.bodyUsed, body.locked]
      },
    }),
  ),
]

function expectDone(done: unknown): void {
  if (done !== true) throw new Error(`a read that was pending came to ${String(done)}`)
}

async function sendsInParts(_request: unknown, connection: RawConnection): Promise<void> {
  connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n')
  await turns(1)
}
