import { shown, shownWord } from '../../core/shown.ts'
import type { HeaderPairs } from '../../transport/transport.ts'
import { checkNames } from '../usage.ts'
import { isNetworkErrorCode, NETWORK_ERROR_CODES } from './network-errors.ts'
import {
  type FakeDelivery,
  type FakeEvent,
  type FakeFailure,
  type FakeHeaders,
  type FakeStep,
  headerPairs,
} from './steps.ts'

export interface RespondOptions {
  /** Default 200. */
  readonly status?: number
  /** Added to `content-type: text/event-stream`, or in its place. */
  readonly headers?: FakeHeaders
  /** Milliseconds before each event. Default 0: all at once, each in a socket read of its own. */
  readonly everyMs?: number
  /** Leave the connection open after the last event instead of ending the body. Default `false`. */
  readonly keepOpen?: boolean
}

export interface StatusOptions {
  readonly statusText?: string
  readonly headers?: FakeHeaders
  /** An object goes out as JSON, with its content type; text and bytes as they are. Default: no body. */
  readonly body?: string | Uint8Array | object
}

/**
 * The steps of a scripted attempt. What is not said is implied: the connection opens, the request is written, and before
 * the first event come the headers of a stream (200, `text/event-stream`); after the last step the body ends.
 *
 * @example
 * new FakeTransport([
 *   fake.connectError('ECONNREFUSED'),
 *   fake.stall(),
 *   [fake.event(created), fake.delay(2_000), fake.reset()],
 *   fake.status(503, { headers: { 'retry-after': '1' } }),
 *   fake.respond(textStream({ text: 'hi' })),
 * ])
 */
export const fake = {
  // Before the request is written

  /** A new connection, opened `afterMs` after the start. Without it an idle connection is used again when one is there. */
  connect: (options: { readonly afterMs?: number } = {}): FakeStep => {
    checkNames('fake.connect', options, ['afterMs'])
    return { type: 'connect', afterMs: duration(options.afterMs) }
  },

  /** Connecting never ends. */
  connectStall: (): FakeStep => ({ type: 'connect_stall' }),

  /** Connecting fails, `afterMs` after the start (default 0). Nothing was sent. */
  connectError: (error: FakeFailure = 'ECONNREFUSED', options: { readonly afterMs?: number } = {}): FakeStep => {
    checkNames('fake.connectError', options, ['afterMs'])
    return { type: 'connect_error', error: fakeFailure(error), afterMs: duration(options.afterMs) }
  },

  /** The request goes out in `times` parts, `everyMs` apart: a slow upload that makes progress. */
  send: (options: { readonly times: number; readonly everyMs: number }): FakeStep => {
    checkNames('fake.send', options, ['times', 'everyMs'])
    return { type: 'send', times: count(options.times), everyMs: duration(options.everyMs) }
  },

  /** The endpoint stops reading: the first part of the request goes out, the rest never does. */
  sendStall: (): FakeStep => ({ type: 'send_stall' }),

  /** The connection fails after the first part of the request went out. */
  sendError: (error: FakeFailure = 'EPIPE'): FakeStep => ({ type: 'send_error', error: fakeFailure(error) }),

  // Waiting

  /** Silence for `ms`, once the request is written. */
  delay: (ms: number): FakeStep => ({ type: 'delay', ms: duration(ms) }),

  /** Silence for ever, once the request is written: as the only step, an endpoint dead on arrival. */
  stall: (): FakeStep => ({ type: 'stall' }),

  // The answer

  /** Status line and headers alone. */
  head: (status = 200, headers: FakeHeaders = {}, options: { readonly statusText?: string } = {}): FakeStep => {
    checkNames('fake.head', options, ['statusText'])
    return { type: 'head', status: statusCode(status), statusText: options.statusText ?? '', headers }
  },

  /** One event. */
  event: (event: FakeEvent): FakeStep => ({ type: 'event', event }),

  /** Several events, each `everyMs` after what came before it (default 0: at once, each in a socket read of its own). */
  events: (events: Iterable<FakeEvent>, options: { readonly everyMs?: number } = {}): readonly FakeStep[] => {
    checkNames('fake.events', options, ['everyMs'])
    if (typeof events !== 'object' || events === null || !(Symbol.iterator in events))
      throw new TypeError(`fake.events: got ${shown(events)}; expected events, e.g. textStream({ text: 'hi' })`)
    return spaced(
      [...events].map((event) => fake.event(event)),
      options.everyMs,
    )
  },

  /** An SSE comment. */
  comment: (text = 'ping'): FakeStep => ({ type: 'comment', text }),

  /**
   * Raw bytes of the body (none: no step), in one socket read, or in reads of `chunkBytes` that come `everyMs` apart.
   * Several events in one read: `fake.bytes(toSSE(events))`.
   */
  bytes: (
    bytes: string | Uint8Array,
    options: { readonly chunkBytes?: number; readonly everyMs?: number } = {},
  ): readonly FakeStep[] => {
    checkNames('fake.bytes', options, ['chunkBytes', 'everyMs'])
    const { chunkBytes, everyMs } = options
    if (bytes.length === 0) return []
    if (chunkBytes === undefined) return spaced([{ type: 'bytes', bytes }], everyMs)
    const all = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
    const size = count(chunkBytes)
    const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))
    return spaced(
      chunks.map((chunk) => ({ type: 'bytes', bytes: chunk })),
      everyMs,
    )
  },

  /** The same delivery again and again, the first one `everyMs` from now, until the client hangs up: heartbeats, pings. */
  repeat: (step: FakeStep | readonly FakeStep[], options: { readonly everyMs: number }): FakeStep => {
    const [delivery, ...others] = [step].flat()
    if (delivery === undefined || !isDelivery(delivery) || others.length > 0) {
      throw new TypeError('fake.repeat repeats one event, one comment or one read of bytes')
    }
    if (!(options.everyMs > 0)) throw new RangeError(`fake.repeat: everyMs must be above 0, got ${options.everyMs}`)
    return { type: 'repeat', delivery, everyMs: options.everyMs }
  },

  // The end

  /** The body ends cleanly. Before the headers: the other side closes the connection without an answer. */
  eof: (): FakeStep => ({ type: 'eof' }),

  /** The connection fails, before or within the answer. */
  reset: (error: FakeFailure = 'ECONNRESET'): FakeStep => ({ type: 'reset', error: fakeFailure(error) }),

  // Whole answers

  /** A stream from its headers to its end. Takes events, or the body's own text or bytes. */
  respond: (body: Iterable<FakeEvent> | string | Uint8Array, options: RespondOptions = {}): readonly FakeStep[] => {
    checkNames('fake.respond', options, ['status', 'headers', 'everyMs', 'keepOpen'])
    const { everyMs } = options
    return [
      fake.head(options.status ?? 200, withType('text/event-stream', options.headers)),
      ...(typeof body === 'string' || body instanceof Uint8Array
        ? fake.bytes(body, { ...(everyMs !== undefined && { everyMs }) })
        : fake.events(body, { ...(everyMs !== undefined && { everyMs }) })),
      options.keepOpen ? fake.stall() : fake.eof(),
    ]
  },

  /** A whole answer that is no stream. */
  status: (status: number, options: StatusOptions = {}): readonly FakeStep[] => {
    checkNames('fake.status', options, ['statusText', 'headers', 'body'])
    const { body, statusText = '' } = options
    const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
    const headers = isJson ? withType('application/json', options.headers) : options.headers
    const bytes = isJson ? JSON.stringify(body) : ((body as string | Uint8Array | undefined) ?? '')
    return [fake.head(status, headers, { statusText }), ...fake.bytes(bytes), fake.eof()]
  },
}

function fakeFailure(error: FakeFailure): FakeFailure {
  if (error instanceof Error || isNetworkErrorCode(error)) return error
  throw new TypeError(`expected an Error, or a code: ${NETWORK_ERROR_CODES.join(', ')}; got ${shownWord(error)}`)
}

function withType(contentType: string, headers: FakeHeaders = {}): HeaderPairs {
  const pairs = headerPairs(headers)
  return pairs.some(([name]) => name === 'content-type') ? pairs : [['content-type', contentType], ...pairs]
}

function isDelivery(step: FakeStep): step is FakeDelivery {
  return step.type === 'event' || step.type === 'comment' || step.type === 'bytes'
}

function spaced(steps: readonly FakeStep[], everyMs = 0): readonly FakeStep[] {
  return duration(everyMs) === 0 ? steps : steps.flatMap((step) => [fake.delay(everyMs), step])
}

function duration(ms = 0): number {
  if (!(ms >= 0)) throw new RangeError(`expected milliseconds, 0 or more, got ${String(ms)}`)
  return ms
}

function statusCode(status: number): number {
  if (Number.isInteger(status) && status >= 100 && status <= 999) return status
  throw new RangeError(`expected a status from 100 to 999, got ${shown(status)}`)
}

function count(n: number): number {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`expected a whole number, 1 or more, got ${String(n)}`)
  return n
}
