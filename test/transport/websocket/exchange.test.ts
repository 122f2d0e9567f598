import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../../src/core/clock.ts'
import { Connector } from '../../../src/transport/undici/connector.ts'
import { SocketExchange } from '../../../src/transport/websocket/exchange.ts'
import { requestPrintOf } from '../../../src/transport/websocket/fit.ts'
import { ResponsesSocket } from '../../../src/transport/websocket/socket.ts'
import { socketKeyOf } from '../../../src/transport/websocket/socket-key.ts'
import type { SocketMessage } from '../../../src/transport/websocket/socket-message.ts'
import { wsWires } from '../../../src/transport/websocket/ws-wire.ts'
import { until } from '../../support/until.ts'
import { DEFAULT_WEB_SOCKET } from './settings.ts'

/** Everything an exchange reports, as lines. */
class Report {
  readonly lines: string[] = []
  readonly connecting = () => void this.lines.push('connecting')
  readonly connected = ({ reused }: { reused: boolean }) => void this.lines.push(reused ? 'reused' : 'connected')
  readonly sending = () => {}
  readonly sent = () => void this.lines.push('sent')
  readonly head = ({ status }: { status: number }) => void this.lines.push(`head ${status}`)
  readonly data = (chunk: Uint8Array) => void this.lines.push(Buffer.from(chunk).toString())
  readonly end = () => void this.lines.push('end')
  readonly error = (error: unknown) => void this.lines.push(`error ${(error as { code?: unknown }).code}`)

  has(text: string): boolean {
    return this.lines.some((line) => line.includes(text))
  }
}

interface Scene extends AsyncDisposable {
  readonly socket: ResponsesSocket
  readonly ended: string[]
  readonly peer: () => Promise<WebSocket>
  readonly received: string[]
  start(message: string, more?: Partial<SocketMessage>): { exchange: SocketExchange; report: Report }
}

async function scene(): Promise<Scene> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const received: string[] = []
  let peer: WebSocket | undefined
  server.on('connection', (socket) => {
    peer = socket
    socket.on('message', (data) => void received.push(String(data)))
  })
  const ended: string[] = []
  const socket = new ResponsesSocket({
    ...DEFAULT_WEB_SOCKET,
    open: wsWires({ connector: new Connector({}), clock: systemClock, maxPayload: 1024 * 1024, maxHeaderBytes: 0 }),
    key: socketKeyOf(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/responses`), [
      ['authorization', 'Bearer k'],
    ]),
    generation: 1,
    clock: systemClock,
    onOpened: () => {},
    onEnded: () => void ended.push('ended'),
    onClosed: () => void ended.push('closed'),
  })
  return {
    socket,
    ended,
    received,
    peer: async () => {
      await until(() => peer !== undefined, 'a connection')
      return peer as WebSocket
    },
    start(message, more = {}) {
      const report = new Report()
      const exchange = new SocketExchange({
        socket,
        message: {
          bytes: Buffer.from(message),
          print: undefined,
          isOnlyCopy: true,
          hiddenPreviousId: undefined,
          ...more,
        },
        lease: { brought: (id) => void ended.push(`brought ${id}`), poisoned: () => {}, ended: () => {} },
        observer: report,
        onEnded: () => {},
      })
      return { exchange, report }
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await until(() => ended.includes('closed'), 'the socket to close')
      for (const client of server.clients) client.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const created = (id: string) => JSON.stringify({ type: 'response.created', response: { id, status: 'in_progress' } })
const DELTA = '{"type":"response.output_text.delta","delta":"Hi"}'
const ITEM = { type: 'message', role: 'assistant', id: 'm', content: [{ type: 'output_text', text: 'Hi' }] }
const DONE = JSON.stringify({ type: 'response.output_item.done', output_index: 0, item: ITEM })
const completed = (id: string) =>
  JSON.stringify({ type: 'response.completed', response: { id, status: 'completed', output: [ITEM] } })

describe('a response on a socket', () => {
  it('is reported as the event stream that HTTP would have sent, and frees the socket for the next one', async () => {
    await using at = await scene()
    const request = { model: 'gpt-5', store: false, input: 'Hello' }
    const { exchange, report } = at.start('{"type":"response.create"}', { print: requestPrintOf(request) })
    const peer = await at.peer()
    await until(() => at.received.length === 1, 'the message')
    for (const message of [created('resp_1'), DELTA, DONE, completed('resp_1')]) peer.send(message)
    await until(() => report.has('response.completed'), 'the last event')
    expect(report.lines.slice(0, 4)).toEqual(['connecting', 'connected', 'sent', 'head 200'])
    // How many messages a socket read brings, and with it a chunk, is up to the system.
    expect(report.lines.slice(4).join('')).toBe(
      [created('resp_1'), DELTA, DONE, completed('resp_1')].map((message) => `data: ${message}\n\n`).join(''),
    )
    exchange.drain()
    expect(at.socket.isIdle).toBe(true)
    expect(at.socket.turn?.responseId).toBe('resp_1')

    const second = at.start('{"type":"response.create"}')
    await until(() => at.received.length === 2, 'the second message')
    expect(second.report.lines).toEqual(['reused', 'sent'])
    second.exchange.destroy()
    expect(at.ended).toContain('ended')
  })

  it('refuses events of an earlier response, of another lane, and an end of another name', async () => {
    const other = (name: string, value: string) => DELTA.replace('}', `,"${name}":"${value}"}`)
    for (const messages of [
      [DELTA],
      [created('resp_1'), completed('resp_2')],
      [created('resp_1'), other('response_id', 'resp_2')],
      [created('resp_1'), other('stream_id', 'lane_2')],
    ]) {
      await using at = await scene()
      const { report } = at.start('{}')
      const peer = await at.peer()
      await until(() => at.received.length === 1, 'the message')
      for (const message of messages) peer.send(message)
      await until(() => report.has('error'), 'the failure')
      expect(report.lines.at(-1)).toBe('error ERR_RESILIENT_FOREIGN_EVENT')
      expect(at.socket.hasEnded).toBe(true)
    }
  })

  it('hands over only its end after an error, because a delta of an earlier response may follow', async () => {
    await using at = await scene()
    const { report } = at.start('{}')
    const peer = await at.peer()
    await until(() => at.received.length === 1, 'the message')
    const error = '{"type":"error","code":"server_error","message":"No."}'
    const failed = '{"type":"response.failed","response":{"id":"resp_1","status":"failed"}}'
    for (const message of [created('resp_1'), error, DELTA, failed]) peer.send(message)
    await until(() => report.has('response.failed'), 'the end')
    const seen = report.lines.filter((line) => line.startsWith('data: ')).join('')
    expect(seen).toBe([created('resp_1'), error, failed].map((message) => `data: ${message}\n\n`).join(''))
  })

  it('refuses the end of any response that the socket has brought before', async () => {
    await using at = await scene()
    for (const [n, late] of [undefined, undefined, 'resp_1'].entries()) {
      const { exchange, report } = at.start('{}')
      const peer = await at.peer()
      await until(() => at.received.length === n + 1, 'the message')
      const id = `resp_${n + 1}`
      for (const message of late === undefined ? [created(id), completed(id)] : [completed(late)]) peer.send(message)
      await until(() => report.has('response.completed') || report.has('error'), 'the end')
      if (late !== undefined) expect(report.lines.at(-1)).toBe('error ERR_RESILIENT_FOREIGN_EVENT')
      exchange.drain()
    }
  })

  it('takes a name of the default lane, and a text that looks like one, for what they are', async () => {
    await using at = await scene()
    const { exchange, report } = at.start('{}')
    const peer = await at.peer()
    await until(() => at.received.length === 1, 'the message')
    const named = (json: string) => json.replace('{', '{"stream_id":"default",')
    const quoting = JSON.stringify({ type: 'response.output_text.delta', delta: '"stream_id":"lane_2"' })
    const said = [named(created('resp_1')), DELTA, quoting, named(completed('resp_1'))]
    for (const message of said) peer.send(message)
    await until(() => report.has('response.completed'), 'the last event')
    expect(report.lines.slice(4).join('')).toBe(said.map((message) => `data: ${message}\n\n`).join(''))
    exchange.drain()
    expect(at.socket.isIdle).toBe(true)
  })

  it('ends with an error that comes first and has no status: nothing follows it', async () => {
    await using at = await scene()
    const { report } = at.start('{}')
    const peer = await at.peer()
    await until(() => at.received.length === 1, 'the message')
    const error = '{"type":"error","error":{"code":"server_error","message":"No."}}'
    peer.send(error)
    await until(() => report.has('end'), 'the end')
    expect(report.lines.slice(-3)).toEqual(['head 200', `data: ${error}\n\n`, 'end'])
    expect(at.socket.hasEnded).toBe(true)
  })

  it('is an HTTP answer if the first message is an error with a status, and the socket is closed', async () => {
    await using at = await scene()
    const { exchange, report } = at.start('{}')
    const peer = await at.peer()
    await until(() => at.received.length === 1, 'the message')
    peer.send(
      JSON.stringify({
        type: 'error',
        status: 429,
        error: { code: 'rate_limit_exceeded', headers: { 'Retry-After': '3' } },
      }),
    )
    await until(() => report.has('end'), 'the end')
    expect(report.lines.slice(-3)).toEqual([
      'head 429',
      '{"error":{"code":"rate_limit_exceeded","headers":{"Retry-After":"3"}}}',
      'end',
    ])
    exchange.drain()
    expect(at.socket.hasEnded).toBe(true)
  })

  it('holds up to 4 MiB for an observer that pauses, then no longer reads, and hands over everything', async () => {
    await using at = await scene()
    const { exchange, report } = at.start('{}')
    const peer = await at.peer()
    await until(() => at.received.length === 1, 'the message')
    peer.send(created('resp_1'))
    await until(() => report.has('created'), 'the first event')
    exchange.pause()
    const large = JSON.stringify({ type: 'response.output_text.delta', delta: 'x'.repeat(100_000) })
    for (let i = 0; i < 100; i++) peer.send(large)
    peer.send(completed('resp_1'))
    await until(() => peer.bufferedAmount > 0, 'the peer to be held up')
    expect(report.lines.filter((line) => line.includes('delta'))).toHaveLength(0)
    exchange.resume()
    await until(() => report.has('response.completed'), 'the last event')
    expect(report.lines.filter((line) => line.includes('delta'))).toHaveLength(100)
    exchange.drain()
    expect(at.socket.isIdle).toBe(true)
  })

  it('fails with the close code of the endpoint', async () => {
    await using at = await scene()
    const { report } = at.start('{}')
    const peer = await at.peer()
    await until(() => at.received.length === 1, 'the message')
    peer.close(1012)
    await until(() => report.has('error'), 'the failure')
    expect(report.lines.at(-1)).toBe('error ERR_RESILIENT_SOCKET_CLOSED')
  })
})
