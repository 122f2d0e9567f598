import { createHash } from 'node:crypto'
import type { RawConnection } from '../../support/raw-server.ts'
import { RawServer } from '../../support/raw-server.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A `response.create` of the client, read. */
export interface CreateMessage {
  readonly previous_response_id?: string
  readonly input: readonly unknown[]
}

/** One WebSocket, as its server sees it. The server writes frames by hand. */
export interface ServerSocket {
  /** The n-th socket of the server. */
  readonly number: number
  readonly connection: RawConnection
  /** Each event as one text frame, all in one write. */
  say(...events: readonly unknown[]): void
}

export interface SocketServer extends AsyncDisposable {
  readonly baseURL: string
  readonly sockets: readonly ServerSocket[]
  /** In the order of their arrival, over all sockets. */
  readonly messages: readonly CreateMessage[]
}

export interface SocketServerOptions {
  onMessage(socket: ServerSocket, message: CreateMessage, number: number): void
  /** Frames in the same write as the 101. */
  readonly withUpgrade?: readonly unknown[]
  /** The answer to a request that is no upgrade. */
  readonly overHttp?: readonly unknown[]
}

/** A WebSocket server that upgrades every connection that asks for it. It answers no pings, and no close frame: it ends the connection. */
export async function socketServer({
  onMessage,
  withUpgrade = [],
  overHttp = [],
}: SocketServerOptions): Promise<SocketServer> {
  const sockets: ServerSocket[] = []
  const messages: CreateMessage[] = []
  const server = await RawServer.start({
    async onConnection(connection) {
      const { header } = await connection.request()
      if (header('upgrade') === undefined) {
        const events = overHttp.map((event) => `data: ${JSON.stringify(event)}\n\n`)
        connection.write(
          `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${events.join('')}`,
        )
        connection.end()
        return
      }
      const accept = createHash('sha1')
        .update(`${header('sec-websocket-key')}${GUID}`)
        .digest('base64')
      const head = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`
      const socket: ServerSocket = {
        number: sockets.length + 1,
        connection,
        say: (...events) => connection.write(Buffer.concat(events.map(textFrame))),
      }
      sockets.push(socket)
      connection.write(Buffer.concat([Buffer.from(head), ...withUpgrade.map(textFrame)]))
      for (let taken = 0; ; ) {
        const next = (): Frame | undefined => clientFrame(connection.received.subarray(taken))
        await connection.until(() => next() !== undefined || connection.ended, 'a whole frame')
        const frame = next()
        if (frame === undefined || frame.opcode === CLOSE) break
        taken += frame.length
        if (frame.opcode !== TEXT) continue
        const message = JSON.parse(frame.payload.toString()) as CreateMessage
        messages.push(message)
        onMessage(socket, message, messages.length)
      }
      connection.end()
    },
  })
  return {
    baseURL: `${server.url}/v1`,
    sockets,
    messages,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

const TEXT = 1
const CLOSE = 8
const PING = 9

export function textFrame(event: unknown): Buffer {
  return serverFrame(TEXT, Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)))
}

export function pingFrame(): Buffer {
  return serverFrame(PING, Buffer.from('ping'))
}

function serverFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const head = length < 126 ? Buffer.from([0x80 | opcode, length]) : Buffer.from([0x80 | opcode, 126, 0, 0])
  if (length >= 126) head.writeUInt16BE(length, 2)
  return Buffer.concat([head, payload])
}

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  /** With its head and mask. */
  readonly length: number
}

/** @returns `undefined` until the whole frame is there. Clients mask what they send. */
function clientFrame(bytes: Buffer): Frame | undefined {
  const short = (bytes[1] ?? 0) & 0x7f
  const head = short < 126 ? 2 : 4
  if (bytes.length < head + 4) return undefined
  const length = short < 126 ? short : bytes.readUInt16BE(2)
  if (bytes.length < head + 4 + length) return undefined
  const mask = bytes.subarray(head, head + 4)
  const payload = Buffer.from(bytes.subarray(head + 4, head + 4 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0)))
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload, length: head + 4 + length }
}
