import net from 'node:net'
import { parentPort } from 'node:worker_threads'
import { systemClock } from '../../src/core/clock.ts'
import { seededRandom } from '../../src/core/random.ts'

/**
 * A server on a thread of its own, so that what it does really happens beside its clients. It closes idle connections when
 * it hurts most: right behind an answer, within the next millisecond, or as soon as the next request arrives, unread.
 */

export interface ClosingServerReport {
  readonly port: number
}

export interface ClosingServerTally {
  readonly answered: number
  readonly connections: number
  /** Connections that it ended. */
  readonly closed: number
}

const random = seededRandom(11)
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"object":"response"}'
const tally = { answered: 0, connections: 0, closed: 0 }

const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  tally.connections++
  let answers = 0
  const close = (): void => {
    if (socket.destroyed || socket.writableEnded) return
    tally.closed++
    if (random() < 0.5) socket.end()
    else socket.resetAndDestroy()
  }
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  // The requests of the test are small: each comes in one piece.
  socket.on('data', () => {
    if (answers > 0 && random() < 0.2) {
      close()
      return
    }
    answers++
    tally.answered++
    socket.write(ANSWER)
    const chance = random()
    if (chance < 0.2) close()
    else if (chance < 0.6) atSomeMoment(systemClock.now() + random(), close)
  })
})

/** Timers tick by milliseconds; this is about parts of one. */
function atSomeMoment(instant: number, act: () => void): void {
  if (systemClock.now() >= instant) act()
  else systemClock.afterIO(() => atSomeMoment(instant, act))
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as net.AddressInfo
  parentPort?.postMessage({ port } satisfies ClosingServerReport)
})

parentPort?.on('message', () => parentPort?.postMessage({ ...tally } satisfies ClosingServerTally))
