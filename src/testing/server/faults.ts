/**
 * The faults: a closed set of effects at a closed set of points. A fault is a plain object:
 *
 * ```ts
 * { at: 'headers', effect: 'stall' }
 * { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after': '2' } }
 * { at: 'before_event', event: 2, effect: 'reset' }
 * { at: 'before_event', type: 'response.output_text.delta', effect: 'reset' }
 * { at: 'before_event', event: 3, effect: 'event', events: [{ type: 'error', error: { code: 'slow_down' } }] }
 * ```
 *
 * Faults of one request strike in the order of the points. At the same point they strike in the order of the list.
 */

import type { MockConnection, MockRequest, MockSocket } from './records.ts'
import type { AnswerEffect, FrameEffect, StreamEffect } from './socket/effects.ts'

/** The point where a fault strikes. */
export type FaultPoint = Fault['at']
/** The points in the life of a request. */
export type RequestPoint = RequestFault['at']
/** The points of a WebSocket's life that belong to no request. */
export type SocketPoint = SocketFault['at']
/** What a fault does. */
export type FaultEffect = Fault['effect']

/**
 * - `stall`: stops answering and keeps the socket open, until the client closes it or `server.release()` is called.
 * - `delay`: stops answering for `ms` milliseconds, then continues.
 * - `reset`: RST. Unsent bytes are lost.
 * - `half_close`: FIN. Reads on, but never writes again. The socket stays open until the client closes it too.
 * - `eof`: ends cleanly but too early: a chunked body ends as if it were complete. Without a body, or with a body of
 *   known length, the connection is closed, and later bytes of the client get an RST.
 * - `garbage`: raw bytes on the socket that are neither HTTP nor SSE.
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
      /**
       * Raw bytes, also for a whole hand-made HTTP answer or WebSocket frame. Default: some bytes that are not HTTP.
       */
      readonly bytes?: string | Uint8Array | undefined
      /** What follows. Default: `'close'` (FIN). `'go_on'`: the normal answer. */
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
   * A string is sent as it is, any other value as JSON. Default: an error in OpenAI's shape that fits the status; no
   * body for 204, 304 and statuses below 300.
   */
  readonly body?: unknown
}

/** Additional events before the one at the point. The answer then continues. */
interface EventEffect {
  readonly effect: 'event'
  /** Sent unchanged, as SSE frames or as one WebSocket text frame each. Add a `sequence_number` where it matters. */
  readonly events?: ReadonlyArray<Readonly<Record<string, unknown>>> | undefined
  /**
   * Text of the body, sent unchanged after `events`: comments, broken JSON, half a frame. On a WebSocket: a text frame.
   */
  readonly raw?: string | undefined
}

/** Which connections or requests a fault strikes. Default: all. `times` and `probability` cannot be combined. */
interface Selection<Subject> {
  /** Strikes the next `times` matching connections or requests only. */
  readonly times?: number | undefined
  /**
   * 0 to 1: the chance for each connection or request, drawn from the server's `seed`. At most one fault with a
   * probability strikes a request. So the probabilities of all faults at `accept` add up to at most 1, and those of all
   * other faults, too.
   */
  readonly probability?: number | undefined
  /** Strikes only where this returns `true`. A fault at `request_body` sees the request before its body. */
  readonly when?: ((subject: Subject) => boolean) | undefined
  /** A name for messages and for `release`. */
  readonly label?: string | undefined
}

/**
 * Strikes a connection before anything is read from it, including the TLS handshake. Chosen before a request is known.
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

/** The event of an answer that a fault is about: by its number, or the first one of a type. */
export type WhichEvent =
  | {
      /** From 0. Equal to the `sequence_number` unless the stream is resumed. */
      readonly event: number
      readonly type?: undefined
    }
  | {
      /** For example `response.output_text.delta`. */
      readonly type: string
      readonly event?: undefined
    }

/**
 * Strikes a request: over HTTP, or a `response.create` on a WebSocket.
 *
 * - `request_body`: the head has arrived; the body is not read. While the server does not read, it cannot see the
 *   client leave. On a WebSocket: the message has arrived, and nothing after it is read.
 * - `headers`: the request was read; nothing of the answer was sent.
 * - `before_event`, `inside_event`: before event `event` of the answer or the first event of `type`, or after half of
 *   the bytes of its frame. A JSON answer counts as one event, number 0, without a type.
 * - `after_terminal`: all events were sent; the body is not finished. On a WebSocket: the next request still waits.
 * - `after_response`: the answer is complete and the connection idle.
 */
export type RequestFault = Selection<MockRequest> &
  (
    | ((WireEffect | StatusEffect | StreamEffect) & { readonly at: 'request_body' })
    | ((WireEffect | StatusEffect | StreamEffect | FrameEffect | AnswerEffect) & { readonly at: 'headers' })
    | ((WireEffect | EventEffect | StreamEffect | FrameEffect | AnswerEffect) & {
        readonly at: 'before_event'
      } & WhichEvent)
    | (WireEffect & { readonly at: 'inside_event' } & WhichEvent)
    | ((WireEffect | EventEffect | StreamEffect) & { readonly at: 'after_terminal' })
    | ((WireEffect | StreamEffect) & { readonly at: 'after_response' })
  )

/** A fault: where it strikes (`at`), and what it does (`effect`). */
export type Fault = ConnectionFault | SocketFault | RequestFault

export const isConnectionFault = (fault: Fault): fault is ConnectionFault => fault.at === 'accept'

export const SOCKET_POINTS = ['upgrade', 'inside_upgrade', 'upgraded'] as const satisfies readonly SocketPoint[]

export const isSocketFault = (fault: Fault): fault is SocketFault =>
  (SOCKET_POINTS as readonly string[]).includes(fault.at)

export const isRequestFault = (fault: Fault): fault is RequestFault =>
  !isConnectionFault(fault) && !isSocketFault(fault)

/** `before_event 2: reset`, with its label in front. */
export function describeFault(fault: Fault): string {
  const where =
    fault.at === 'before_event' || fault.at === 'inside_event' ? `${fault.at} ${fault.type ?? fault.event}` : fault.at
  const what = describeEffect(fault)
  return `${fault.label === undefined ? '' : `"${fault.label}", `}${where}: ${what}`
}

function describeEffect(fault: Fault): string {
  if (fault.effect === 'status') return `status ${fault.status}`
  if (fault.effect === 'close') return `close ${fault.code}`
  if (fault.effect === 'frame' || fault.effect === 'connection_limit') return `${fault.effect} as ${fault.as}`
  return fault.effect
}
