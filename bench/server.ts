import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { WebSocketServer } from 'ws'
import { testCertificate } from '../test/support/certificates.ts'
import { buildAnswer, buildMessages, type Framing, openAnswer, openMessages } from './streams.ts'

/**
 * The child process that answers. It writes prepared bytes, so that only the client is measured. Its arguments name the
 * answers: `event/1000` is a stream of 1000 deltas, each in its own HTTP chunk, and answers `POST
 * /event/1000/v1/responses`, and of a WebSocket at that path on another port. It can also hold a stream open, reset every other request, and close idle connections at
 * the worst moment.
 */

type Act = (socket: net.Socket) => void

function reply(name: string): Act {
  const [framing, deltas] = name.split('/')
  const { pieces } = buildAnswer(Number(deltas), framing as Framing)
  return (socket) => (framing === 'segment' ? writeApart(socket, pieces) : write(socket, pieces))
}

/** The same events as messages. Each response has another id. */
function replyWithMessages(name: string): Act {
  const [framing, deltas] = name.split('/')
  const messages = buildMessages(Number(deltas), framing as Framing)
  return (socket) => {
    const pieces = messages(nextId())
    if (framing === 'segment') writeApart(socket, pieces)
    else write(socket, pieces)
  }
}

let ids = 0
const nextId = (): string => `resp_${++ids}`

function write(socket: net.Socket, pieces: readonly Buffer[]): void {
  let at = 0
  const go = (): void => {
    while (at < pieces.length) {
      if (!socket.write(pieces[at++] as Buffer)) {
        if (at < pieces.length) socket.once('drain', go)
        return
      }
    }
  }
  go()
}

/**
 * Time between two segments of a stream: longer than the slowest client takes to read one segment of each other stream.
 */
const APART_MS = 3

interface Apart {
  readonly socket: net.Socket
  readonly pieces: readonly Buffer[]
  at: number
}

const apart = new Set<Apart>()
let beat: NodeJS.Timeout | undefined

/** Writes each piece in its own segment. The kernel merges segments that are not read at once. */
function writeApart(socket: net.Socket, pieces: readonly Buffer[]): void {
  apart.add({ socket, pieces, at: 0 })
  beat ??= setInterval(() => {
    for (const one of apart) {
      one.socket.write(one.pieces[one.at++] as Buffer)
      if (one.at === one.pieces.length) apart.delete(one)
    }
    if (apart.size > 0) return
    clearInterval(beat)
    beat = undefined
  }, APART_MS)
}

const json = (value: unknown): Buffer => {
  const text = JSON.stringify(value)
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  )
}

const NOT_FOUND = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
const short = reply('event/15')
const opening = openAnswer()

let resetAt: number | undefined
const waits: number[] = []

/** Resets the connection of every other request, and records how long the next one takes to come. */
function resetOrAnswer(socket: net.Socket): void {
  if (resetAt === undefined) {
    resetAt = performance.now()
    socket.resetAndDestroy()
    return
  }
  waits.push(performance.now() - resetAt)
  resetAt = undefined
  short(socket)
}

/** Closes within a millisecond after the answer, or not at all. */
function answerAndClose(socket: net.Socket): void {
  short(socket)
  const chance = Math.random()
  if (chance < 0.6) closeAt(socket, performance.now() + (chance < 0.2 ? 0 : Math.random()))
}

function closeAt(socket: net.Socket, instant: number): void {
  if (performance.now() < instant) setImmediate(closeAt, socket, instant)
  else if (Math.random() < 0.5) socket.end()
  else socket.resetAndDestroy()
}

const acts = new Map<string, Act>([
  ['/event/15/v1/responses', short],
  ['/hold/v1/responses', (socket) => socket.write(opening)],
  ['/reset/v1/responses', resetOrAnswer],
  ['/resets', (socket) => socket.write(json(waits.splice(0)))],
  ['/closing/v1/responses', answerAndClose],
  ...process.argv.slice(2).map((name) => [`/${name}/v1/responses`, reply(name)] as const),
])

const socketActs = new Map<string, Act>([
  ['/hold/v1/responses', (socket) => socket.write(openMessages(nextId()))],
  ...process.argv.slice(2).map((name) => [`/${name}/v1/responses`, replyWithMessages(name)] as const),
])

/** Upgrades to a WebSocket. Whatever the client sends on it is answered by the act of its path. */
const socketServer = http.createServer((_request, response) => response.writeHead(404).end())
const webSockets = new WebSocketServer({ noServer: true })
socketServer.on('upgrade', (request, socket: net.Socket, head) => {
  const act = socketActs.get(request.url ?? '')
  if (act === undefined) {
    socket.end(NOT_FOUND)
    return
  }
  socket.setNoDelay(true)
  socket.on('error', () => {})
  webSockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.on('message', () => act(socket)))
})

function serve(socket: net.Socket): void {
  socket.setNoDelay(true)
  let received = ''
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    for (;;) {
      const headEnd = received.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? 0)
      if (received.length < headEnd + 4 + length) return
      const path = received.slice(received.indexOf(' ') + 1, received.indexOf(' HTTP/'))
      received = received.slice(headEnd + 4 + length)
      const act = acts.get(path)
      if (act === undefined) socket.write(NOT_FOUND)
      else act(socket)
    }
  })
}

function listen(server: net.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 4096, () => resolve((server.address() as net.AddressInfo).port))
  })
}

const { key, cert } = testCertificate({ hosts: ['localhost', '127.0.0.1'] })
const [port, socketPort, tlsPort] = await Promise.all([
  listen(net.createServer(serve)),
  listen(socketServer),
  listen(tls.createServer({ key, cert, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] }, serve)),
])
process.send?.({ port, socketPort, tlsPort, cert })
process.on('disconnect', () => process.exit(0))
