import type { Frame, Stream } from './frames.ts'
import type { Network } from './network/network.ts'
import type { SimWebSocket } from './network/web-sockets.ts'
import { factsOfEnd } from './play.ts'
import type { Served } from './served.ts'

const PING_EVERY_MS = 700
const MAX_PINGS = 200

export interface SocketAnswer {
  readonly stream: Stream
  /** When each event is ready. */
  readonly times: readonly number[]
  /** The request builds on this response, and its caller does not know. */
  readonly hiddenId: string | undefined
}

export interface PlayWorld {
  readonly network: Network
  /** The client reads so many events. */
  reads(served: Served, frames: number): void
  /** They were handed over. */
  taken(served: Served): void
}

/** Sends a response on a WebSocket, with whatever is planned to go wrong. @param over its last word goes out. */
export function playOnSocket(
  world: PlayWorld,
  socket: SimWebSocket,
  served: Served,
  { stream, times, hiddenId }: SocketAnswer,
  over: () => void,
): void {
  const { fault, perRead, then } = served.plan
  served.streams = true
  const { frames } = stream
  const until = fault === undefined ? frames.length : Math.min(frames.length, fault.after)
  const last = stream.frames.length - 1
  let at = world.network.now + served.plan.headMs
  for (let first = 0; first < until; ) {
    const count = Math.min(Math.max(1, perRead), until - first)
    at = Math.max(at, times[first + count - 1] ?? at)
    if (first + count > last) socket.arrives(at, { kind: 'act', act: over })
    const texts = frames.slice(first, first + count).map((frame) => textOf(frame, hiddenId))
    socket.arrives(at, {
      kind: 'messages',
      texts,
      onRead: () => world.reads(served, count),
      onTaken: () => world.taken(served),
    })
    first += count
  }
  if (until === frames.length) served.answered = factsOfEnd(stream)
  if (fault !== undefined) breakOff(world, socket, served, frames[until], at + fault.afterMs)
  else if (then === 'closes' || then === 'closes_soon')
    socket.arrives(then === 'closes' ? at : at + 50, { kind: 'end', end: { kind: 'closed', code: 1000 } })
  else if (then === 'fin_idle') socket.arrives(at + 20, { kind: 'end', end: { kind: 'closed', code: 1006 } })
}

/** A real endpoint names the response that a request continues, whoever has put its name there. */
function textOf({ json }: Frame, hiddenId: string | undefined): string {
  return hiddenId === undefined
    ? json
    : json.replace('"previous_response_id":null', `"previous_response_id":"${hiddenId}"`)
}

function breakOff(world: PlayWorld, socket: SimWebSocket, served: Served, next: Frame | undefined, at: number): void {
  const { how, closeCode = 1000 } = served.plan.fault as NonNullable<Served['plan']['fault']>
  const cut = next?.json ?? '{"type":"response.x"}'
  switch (how) {
    case 'reset':
      socket.arrives(at, { kind: 'act', act: () => socket.reset() })
      return
    case 'fin':
      socket.arrives(at, { kind: 'end', end: { kind: 'closed', code: 1006 } })
      return
    case 'end':
      if (closeCode === TOO_LARGE && served.plan.fault?.after === 0) refuse(socket, served, at)
      socket.arrives(at, { kind: 'end', end: { kind: 'closed', code: closeCode } })
      return
    case 'stall':
      return
    case 'bad_chunk':
      socket.arrives(at, { kind: 'end', end: { kind: 'failed', error: invalidFrame() } })
      return
    case 'garbage':
    case 'truncated': {
      const text = how === 'garbage' ? '{"type":"response.output_text.delta",oops' : cut.slice(0, cut.length >> 1)
      socket.arrives(at, { kind: 'messages', texts: [text] })
      socket.arrives(at, { kind: 'end', end: { kind: 'closed', code: 1011 } })
      return
    }
    case 'comments':
      sendPings(world.network, socket, at, 0)
  }
}

/** The message is larger than the endpoint takes: nothing was done for it. */
const TOO_LARGE = 1009

function refuse(socket: SimWebSocket, served: Served, at: number): void {
  served.streams = false
  served.answered = { status: 413, means: 'later', refused: true, code: undefined, hintMs: undefined }
  socket.arrives(at, {
    kind: 'act',
    act: () => {
      served.complete = true
    },
  })
}

/** As the `ws` library tells of a frame that breaks the protocol. */
function invalidFrame(): Error {
  return Object.assign(new RangeError('Invalid WebSocket frame: RSV1 must be clear'), {
    code: 'WS_ERR_UNEXPECTED_RSV_1',
  })
}

/** A server that is alive where the model is not. Not for ever: the world has to end. */
function sendPings(network: Network, socket: SimWebSocket, at: number, sent: number): void {
  if (sent >= MAX_PINGS) return
  socket.arrives(at, { kind: 'ping' })
  socket.arrives(at, { kind: 'act', act: () => sendPings(network, socket, network.now + PING_EVERY_MS, sent + 1) })
}
