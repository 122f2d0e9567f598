import { describe, expect, it } from 'vitest'
import type { ResilientClientOptions } from '../../src/index.ts'
import { toSSE } from '../../src/testing/index.ts'
import { FACES } from '../faults/support/outcome.ts'
import { SocketStage } from '../faults/support/socket-stage.ts'
import { CHUNKED_HEAD, chunk } from '../support/endpoint.ts'
import { turns } from '../support/until.ts'

const FIRST = toSSE([{ type: 'response.created', sequence_number: 0, response: { id: 'resp_1' } }])

/** What is said at once, what then comes byte by byte, one a second, and the deadline that ends it. */
const DRIPS: ReadonlyArray<readonly [what: string, head: string, drip: string, code: string, afterMs: number]> = [
  ['a status line', '', 'HTTP/1.1 200 OK', 'ttfb_timeout', 45_000],
  ['a header block', 'HTTP/1.1 200 OK\r\n', 'x: yyyyyyyyyyyyyyyyyyyy\r\n', 'ttfb_timeout', 45_000],
  ['interim answers', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'ttfb_timeout', 45_000],
  ['a chunk size', CHUNKED_HEAD, '0', 'ttfb_timeout', 45_000],
  ['comments', CHUNKED_HEAD, chunk(': ping\n\n'), 'ttfb_timeout', 45_000],
  ['an event', CHUNKED_HEAD, chunk('data: xxxxxxxxxxxx'), 'ttfb_timeout', 45_000],
  [
    'an event behind another',
    `${CHUNKED_HEAD}${chunk(FIRST)}`,
    chunk('xxxxxxxxxxxxxxxxxx'),
    'progress_timeout',
    900_000,
  ],
]

async function drip(stage: SocketStage, bytes: string, over: () => boolean): Promise<void> {
  const connection = await stage.raw.connection()
  await turns(10)
  for (let n = 0; !over(); n++) {
    connection.write(bytes[n % bytes.length] as string)
    await turns(2)
    await stage.clock.pass(1000)
  }
}

describe('a server that sends one byte a second is given up', () => {
  for (const [what, head, bytes, code, afterMs] of DRIPS) {
    it.each(FACES)(`${what}, through %s: ${code}`, async (face) => {
      const options: ResilientClientOptions = { maxRetries: 0 }
      const raw = (_request: unknown, connection: { write(data: string): void }): void => connection.write(head)
      const stage = await SocketStage.open('http', face, { options, time: 'by_hand', sockets: { raw } })
      const start = stage.clock.now()
      let over = false
      const call = stage.call().finally(() => {
        over = true
      })
      await drip(stage, bytes, () => over)
      expect((await call).failure?.code).toBe(code)
      expect(stage.clock.now() - start).toBeLessThan(afterMs + 10_000)
      await stage.nothingIsLeft()
    })
  }

  it('a whole response, through retrieve(): staleMs', async () => {
    const stage = await SocketStage.open('http', 'create', {
      time: 'by_hand',
      options: { maxRetries: 0, timeouts: { staleMs: 200_000 } },
      sockets: {
        raw: (_request, connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{"id":'),
      },
    })
    let over = false
    const call = stage.client.responses.retrieve('resp_1').finally(() => {
      over = true
    })
    call.catch(() => {})
    await drip(stage, ' ', () => over)
    await expect(call).rejects.toMatchObject({ code: 'stale_timeout' })
    await stage.nothingIsLeft()
  })
})
