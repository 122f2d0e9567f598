import zlib from 'node:zlib'
import { textStream, toSSE } from '../../../src/testing/index.ts'
import type { RawRequest } from '../../support/http-request.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import { all, type Case, outcomeOf, type Scene } from '../support/scene.ts'

const EVENTS = toSSE(textStream({ text: 'hello', id: 'resp_1' }))
/** Up to and with some output, and no terminal event. */
const PART = `${EVENTS.split('\n\n').slice(0, 6).join('\n\n')}\n\n`
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_1\r\n'

const asked = (scene: Scene, init: object = {}): Promise<Response> =>
  scene.fetch(scene.at('/v1/responses'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"m","input":"hi","stream":true}',
    ...init,
  })

function streams(
  name: string,
  wire: string | Buffer,
  run: Case['run'] = async (scene) => all(await asked(scene)),
): Case {
  const serve = (request: RawRequest, connection: RawConnection): void => {
    if (request.path === '/moved') connection.write(WHOLE)
    else connection.write(wire)
  }
  return { name: `a Responses stream, ${name}`, serve, run, client: { maxRetries: 0 } }
}

const chunked = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const WHOLE = `${HEAD}transfer-encoding: chunked\r\n\r\n${chunked(EVENTS)}0\r\n\r\n`
const UNFINISHED = `${HEAD}transfer-encoding: chunked\r\n\r\n${chunked(PART)}`

const packed = zlib.gzipSync(EVENTS)
const PACKED = Buffer.concat([
  Buffer.from(`${HEAD}content-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`),
  packed,
])

/** Calls that are watched: their bodies pass through us, and are the same all the same. */
export const STREAMS: readonly Case[] = [
  streams('whole', WHOLE),
  streams('whole, with its length', `${HEAD}content-length: ${EVENTS.length}\r\n\r\n${EVENTS}`),
  streams('in gzip', PACKED),
  streams('by a Request', WHOLE, async (scene) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"stream":true}' }
    return all(await scene.fetch(new Request(scene.at('/v1/responses'), init)))
  }),
  streams(
    'that is refused',
    'HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"error":{}}',
  ),
  streams('moved by 307', `HTTP/1.1 307 X\r\nlocation: /moved\r\n${'content-length: 0'}\r\n\r\n`),
  streams('cloned', WHOLE, async (scene) => {
    const response = await asked(scene)
    const clone = response.clone()
    return [clone.url, await response.text(), await clone.text()]
  }),
  streams('aborted in the middle', UNFINISHED, async (scene) => {
    const controller = new AbortController()
    const response = await asked(scene, { signal: controller.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    const pending = outcomeOf(reader?.read() ?? Promise.reject())
    controller.abort(new RangeError('mine'))
    await (await scene.came()).gone()
    return pending
  }),
  streams('two reads at its end', UNFINISHED, async (scene) => {
    const reader = (await asked(scene)).body?.getReader()
    await reader?.read()
    const both = Promise.all([reader?.read(), reader?.read()])
    ;(await scene.came()).write(`${chunked(EVENTS.slice(PART.length))}0\r\n\r\n`)
    const [last, end] = await both
    return [Buffer.from(last?.value ?? []).toString() === EVENTS.slice(PART.length), end?.done]
  }),
  streams('cancelled in the middle', UNFINISHED, async (scene) => {
    const response = await asked(scene)
    await response.body?.cancel()
    await (await scene.came()).gone()
    return response.bodyUsed
  }),
  streams('left in the middle', UNFINISHED, async (scene) => {
    const response = await asked(scene)
    for await (const _part of response.body ?? []) break
    await (await scene.came()).gone()
    return [response.bodyUsed, response.body?.locked]
  }),
  streams('that ends before its end', `${UNFINISHED}0\r\n\r\n`, async (scene) =>
    outcomeOf((await asked(scene)).text()),
  ),
  {
    ...streams('cut in the middle', UNFINISHED, async (scene) => {
      const response = await asked(scene)
      const reader = response.body?.getReader()
      await reader?.read()
      const pending = outcomeOf(reader?.read() ?? Promise.reject())
      ;(await scene.came()).reset()
      return pending
    }),
  },
]
