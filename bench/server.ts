import net from 'node:net'
import { buildAnswer, type Framing } from './streams.ts'

/**
 * The child process that answers. It writes bytes that are made beforehand, so that the client is what is measured.
 * Its arguments say which: `event/1000` is a stream of 1000 deltas, each in an HTTP chunk of its own, and the answer to
 * `POST /event/1000/v1/responses`.
 */
const answers = new Map(
  process.argv.slice(2).map((name) => {
    const [framing, deltas] = name.split('/')
    const { pieces } = buildAnswer(Number(deltas), framing as Framing)
    return [`/${name}/v1/responses`, { pieces, apart: framing === 'segment' }]
  }),
)

interface Reply {
  readonly pieces: readonly Buffer[]
  /** Each piece in a segment of its own: the next one is written when the client has had the time to read it. */
  readonly apart: boolean
}

function write(socket: net.Socket, { pieces, apart }: Reply): void {
  let at = 0
  const go = (): void => {
    while (at < pieces.length) {
      const flushed = socket.write(pieces[at++] as Buffer)
      if (at === pieces.length) return
      if (!flushed) {
        socket.once('drain', go)
        return
      }
      if (apart) {
        setImmediate(go)
        return
      }
    }
  }
  go()
}

const NOT_FOUND: Reply = {
  pieces: [Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')],
  apart: false,
}

const server = net.createServer({ noDelay: true }, (socket) => {
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
      write(socket, answers.get(path) ?? NOT_FOUND)
    }
  })
})

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as net.AddressInfo).port }))
process.on('disconnect', () => process.exit(0))
