/**
 * The faults: a closed set of effects at a closed set of points. A fault is a plain object,
 *
 * ```ts
 * { at: 'headers', effect: 'stall' }
 * { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after': '2' } }
 * { at: 'before_event', event: 2, effect: 'reset' }
 * { at: 'before_event', event: 3, effect: 'event', events: [{ type: 'error', error: { code: 'slow_down' } }] }
 * ```
 *
 * Faults of one request strike in the order of the points; at the same point in the order of the list.
 */

import type { MockConnection, MockRequest, MockSocket } from './records.ts'
import type { AnswerEffect, FrameEffect, StreamEffect } from './socket/effects.ts'

/** Where a fault strikes. */
export type FaultPoint = Fault['at']
/** The points of a request's life. */
export type RequestPoint = RequestFault['at']
/** The points of a WebSocket's life that belong to no request. */
export type SocketPoint = SocketFault['at']
/** What it does. */
export type FaultEffect = Fault['effect']

/**
 * - `stall`: stops answering and keeps the socket open, until the client closes it or `server.release()` lets it go on.
 * - `delay`: the same for `ms` milliseconds, then goes on.
 * - `reset`: RST. What was not yet sent is lost.
 * - `half_close`: FIN, then reads on and never writes again. The socket stays open until the client closes it too.
 * - `eof`: ends cleanly, too early: the chunked body is finished as if it were complete; where no body is under way (or it
 *   has a length), the connection is closed, and later bytes of the client meet an RST.
 * - `garbage`: raw bytes on the socket that are neither HTTP nor SSE, and no WebSocket frame.
 */
type WireEffect =
  | { readonly effect: 'stall' }
  | { readonly effect: 'reset' }
  | { readonly effect: 'half_close' }
  | { readonly effect: 'eof' }
  | {
      readonly effect: 'delay'
      /** Milliseconds. */
      readonly ms: number
    }
  | {
      readonly effect: 'garbage'
      /** Written past every framing: also a whole hand-made HTTP answer, or WebSocket frame. Default: some bytes that are no HTTP. */
      readonly bytes?: string | Uint8Array | undefined
      /** What follows. Default: `'close'` (FIN). `'go_on'`: the answer, as if nothing had happened. */
      readonly next?: 'close' | 'stall' | 'go_on' | undefined
    }

/** An HTTP answer in place of the real one; on a WebSocket an `error` message with that `status`, and the `headers` within its `error`. */
interface StatusEffect {
  readonly effect: 'status'
  /** 200 to 599. */
  readonly status: number
  /** Lower-case names, e.g. `{ 'retry-after-ms': '50', 'content-type': 'text/html' }`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * A string goes out as it is, anything else as JSON. Default: an error in OpenAI's shape that fits the status, and
   * nothing for 204, 304 and statuses below 300.
   */
  readonly body?: unknown
}

/** More events, in front of the one at the point; the answer then goes on. */
interface EventEffect {
  readonly effect: 'event'
  /** Sent as SSE frames, or one text frame of a WebSocket each, as they are: give a `sequence_number` where it matters. */
  readonly events?: ReadonlyArray<Readonly<Record<string, unknown>>> | undefined
  /** Text of the body, as it is: comments, broken JSON, half a frame. On a WebSocket: a text frame. Sent behind `events`. */
  readonly raw?: string | undefined
}

/** Which connections or requests a fault strikes. By default all; `times` and `probability` exclude each other. */
interface Selection<Subject> {
  /** Strikes the next `times` connections or requests that match, then no more. */
  readonly times?: number | undefined
  /**
   * 0 to 1: the chance per connection or request, drawn from the server's `seed`. At most one fault with a probability
   * strikes a request, so the probabilities of a server's faults add up: to 1 at most for `accept`, to 1 for all others.
   */
  readonly probability?: number | undefined
  /** Strikes only where this answers `true`. Faults at `request_body` see the request before its body. */
  readonly when?: ((subject: Subject) => boolean) | undefined
  /** A name for messages and for `release`. */
  readonly label?: string | undefined
}

/**
 * Strikes a connection before anything is read from it, the TLS handshake included.
 * Chosen before any request is known.
 */
export type ConnectionFault = Selection<MockConnection> & WireEffect & { readonly at: 'accept' }

/**
 * Strikes a WebSocket before its first request.
 *
 * - `upgrade`: the head of the upgrade has arrived; nothing of the answer was sent.
 * - `inside_upgrade`: half of the bytes of the 101 were sent.
 * - `upgraded`: the 101 was sent; nothing that the client sends is read.
 */
export type SocketFault = Selection<MockSocket> &
  (
    | ((WireEffect | StatusEffect) & { readonly at: 'upgrade' })
    | (WireEffect & { readonly at: 'inside_upgrade' })
    | ((WireEffect | EventEffect | StreamEffect) & { readonly at: 'upgraded' })
  )

/**
 * Strikes a request: over HTTP, or a `response.create` on a WebSocket.
 *
 * - `request_body`: the head has arrived; the body is not read. A server that does not read cannot see the client go. On a
 *   WebSocket: the message is there, and nothing behind it is read.
 * - `headers`: the request was read; nothing of the answer was sent.
 * - `before_event`, `inside_event`: in front of event `event` of the answer (from 0: it is the `sequence_number`, unless the
 *   stream is a resumed one), or after half of the bytes of its frame. A JSON answer counts as one event, number 0.
 * - `after_terminal`: all events were sent; the body is not finished. On a WebSocket: the next request still waits.
 * - `after_response`: the answer is complete and the connection idle.
 */
export type RequestFault = Selection<MockRequest> &
  (
    | ((WireEffect | StatusEffect | StreamEffect) & { readonly at: 'request_body' })
    | ((WireEffect | StatusEffect | StreamEffect | FrameEffect | AnswerEffect) & { readonly at: 'headers' })
    | ((WireEffect | EventEffect | StreamEffect | FrameEffect | AnswerEffect) & {
        readonly at: 'before_event'
        readonly event: number
      })
    | (WireEffect & { readonly at: 'inside_event'; readonly event: number })
    | ((WireEffect | EventEffect | StreamEffect) & { readonly at: 'after_terminal' })
    | ((WireEffect | StreamEffect) & { readonly at: 'after_response' })
  )

export type Fault = ConnectionFault | SocketFault | RequestFault

export const isConnectionFault = (fault: Fault): fault is ConnectionFault => fault.at === 'accept'

export const SOCKET_POINTS = ['upgrade', 'inside_upgrade', 'upgraded'] as const satisfies readonly SocketPoint[]

export const isSocketFault = (fault: Fault): fault is SocketFault =>
  (SOCKET_POINTS as readonly string[]).includes(fault.at)

export const isRequestFault = (fault: Fault): fault is RequestFault =>
  !isConnectionFault(fault) && !isSocketFault(fault)

/** `before_event 2: reset`, with its label in front. */
export function describeFault(fault: Fault): string {
  const where = 'event' in fault ? `${fault.at} ${fault.event}` : fault.at
  const what = describeEffect(fault)
  return `${fault.label === undefined ? '' : `"${fault.label}", `}${where}: ${what}`
}

function describeEffect(fault: Fault): string {
  if (fault.effect === 'status') return `status ${fault.status}`
  if (fault.effect === 'close') return `close ${fault.code}`
  if (fault.effect === 'frame' || fault.effect === 'connection_limit') return `${fault.effect} as ${fault.as}`
  return fault.effect
}
