import net from 'node:net'
import { buildAnswer, type Framing } from './streams.ts'

/**
 * The child process that answers. It writes bytes that are made beforehand, so that the client is what is measured.
 * Its arguments say which: `event/1000` is a stream of 1000 deltas, each in an HTTP chunk of its own, and the answer to
 * `POST /event/1000/v1/responses`.
 */
const SLICE_BYTES = 64 * 1024
const answers = new Map(
  process.argv.slice(2).map((name) => {
    const [framing, deltas] = name.split('/')
    return [`/${name}/v1/responses`, buildAnswer(Number(deltas), framing as Framing).bytes]
  }),
)

function write(socket: net.Socket, bytes: Buffer): void {
  let at = 0
  const go = (): void => {
    while (at < bytes.length) {
      const slice = bytes.subarray(at, at + SLICE_BYTES)
      at += slice.length
      if (!socket.write(slice) && at < bytes.length) {
        socket.once('drain', go)
        return
      }
    }
  }
  go()
}

const NOT_FOUND = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')

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
