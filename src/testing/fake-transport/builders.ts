import { flag, text } from '../../core/rule-kinds.ts'
import type { AnyRules, Rule, Rules } from '../../core/rules.ts'
import { shown, shownWord } from '../../core/shown.ts'
import type { HeaderPairs } from '../../transport/transport.ts'
import { checkUsage, count as countRule, duration as durationRule, statusCode as statusRule } from '../usage.ts'
import { isNetworkErrorCode, NETWORK_ERROR_CODES } from './network-errors.ts'
import {
  type FakeDelivery,
  type FakeEvent,
  type FakeFailure,
  type FakeHeaders,
  type FakeStep,
  headerPairs,
} from './steps.ts'

/** Options of `fake.respond()`. */
export interface RespondOptions {
  /** Default 200. */
  readonly status?: number
  /** Added to `content-type: text/event-stream`. Replaces it if given. */
  readonly headers?: FakeHeaders
  /** Milliseconds before each event. Default 0: no delay, but one socket read for each event. */
  readonly everyMs?: number
  /** Whether the connection stays open after the last event. Default `false`: the body ends. */
  readonly keepOpen?: boolean
}

/** Options of `fake.status()`. */
export interface StatusOptions {
  /** The reason of the status line. Default: empty. */
  readonly statusText?: string
  /** Default: none; `content-type` where `body` is an object. */
  readonly headers?: FakeHeaders
  /** An object is sent as JSON, with its content type. Text and bytes are sent as they are. Default: no body. */
  readonly body?: string | Uint8Array | object
}

const headers: Rule<FakeHeaders> = {
  accepts: 'an object of header names and values, or an array of such pairs',
  test: (value) => typeof value === 'object' && value !== null,
}

const statusText = text('a text')

const AFTER: AnyRules = { afterMs: durationRule }
const EVERY: AnyRules = { everyMs: durationRule }
const SEND: AnyRules = { times: { ...countRule, required: true }, everyMs: { ...durationRule, required: true } }
const HEAD: AnyRules = { statusText }
const BYTES: AnyRules = { chunkBytes: countRule, ...EVERY }

const RESPOND = { status: statusRule, headers, everyMs: durationRule, keepOpen: flag } satisfies Rules<RespondOptions>

const STATUS = {
  statusText,
  headers,
  body: {
    accepts: 'a text, bytes or an object',
    test: (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
  },
} satisfies Rules<StatusOptions>

/**
 * The steps of a scripted attempt. Missing steps are implied: the connection opens, the request is written, stream
 * headers (200, `text/event-stream`) come before the first event, and the body ends after the last step.
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

  /**
   * Opens a new connection, `afterMs` after the start. Without this step an idle connection is reused if there is one.
   */
  connect: (options: { readonly afterMs?: number } = {}): FakeStep => {
    checkUsage('fake.connect', options, AFTER)
    return { type: 'connect', afterMs: duration(options.afterMs) }
  },

  /** The connect never completes. */
  connectStall: (): FakeStep => ({ type: 'connect_stall' }),

  /** The connect fails `afterMs` after the start (default 0). Nothing was sent. */
  connectError: (error: FakeFailure = 'ECONNREFUSED', options: { readonly afterMs?: number } = {}): FakeStep => {
    checkUsage('fake.connectError', options, AFTER)
    return { type: 'connect_error', error: fakeFailure(error), afterMs: duration(options.afterMs) }
  },

  /** The request is sent in `times` parts, `everyMs` apart: a slow upload that makes progress. */
  send: (options: { readonly times: number; readonly everyMs: number }): FakeStep => {
    checkUsage('fake.send', options, SEND)
    return { type: 'send', times: count(options.times), everyMs: duration(options.everyMs) }
  },

  /** The endpoint stops reading: the first part of the request is sent, the rest never. */
  sendStall: (): FakeStep => ({ type: 'send_stall' }),

  /** The connection fails after the first part of the request was sent. */
  sendError: (error: FakeFailure = 'EPIPE'): FakeStep => ({ type: 'send_error', error: fakeFailure(error) }),

  // Waiting

  /** Silence for `ms` after the request was written. */
  delay: (ms: number): FakeStep => ({ type: 'delay', ms: duration(ms) }),

  /** Endless silence after the request was written. As the only step: an endpoint that is dead on arrival. */
  stall: (): FakeStep => ({ type: 'stall' }),

  // The answer

  /** Only status line and headers. */
  head: (status = 200, headers: FakeHeaders = {}, options: { readonly statusText?: string } = {}): FakeStep => {
    checkUsage('fake.head', options, HEAD)
    return { type: 'head', status: statusCode(status), statusText: options.statusText ?? '', headers }
  },

  /** One event. */
  event: (event: FakeEvent): FakeStep => ({ type: 'event', event }),

  /** Several events, each `everyMs` after the previous step (default 0: no delay, but one socket read each). */
  events: (events: Iterable<FakeEvent>, options: { readonly everyMs?: number } = {}): readonly FakeStep[] => {
    checkUsage('fake.events', options, EVERY)
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
   * Raw bytes of the body, in one socket read, or in reads of `chunkBytes` that are `everyMs` apart. Empty bytes make
   * no step. Several events in one read: `fake.bytes(toSSE(events))`.
   */
  bytes: (
    bytes: string | Uint8Array,
    options: { readonly chunkBytes?: number; readonly everyMs?: number } = {},
  ): readonly FakeStep[] => {
    checkUsage('fake.bytes', options, BYTES)
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

  /** Repeats one delivery every `everyMs` until the client hangs up: heartbeats, pings. */
  repeat: (step: FakeStep | readonly FakeStep[], options: { readonly everyMs: number }): FakeStep => {
    const [delivery, ...others] = [step].flat()
    if (delivery === undefined || !isDelivery(delivery) || others.length > 0) {
      throw new TypeError('fake.repeat repeats one event, one comment or one read of bytes')
    }
    if (!(options.everyMs > 0)) throw new RangeError(`fake.repeat: everyMs must be above 0, got ${options.everyMs}`)
    return { type: 'repeat', delivery, everyMs: options.everyMs }
  },

  // The end

  /** The body ends cleanly. Before the headers: the endpoint closes the connection without an answer. */
  eof: (): FakeStep => ({ type: 'eof' }),

  /** The connection fails, before or during the answer. */
  reset: (error: FakeFailure = 'ECONNRESET'): FakeStep => ({ type: 'reset', error: fakeFailure(error) }),

  // Whole answers

  /** A whole stream. Takes events, or the text or bytes of the body. */
  respond: (body: Iterable<FakeEvent> | string | Uint8Array, options: RespondOptions = {}): readonly FakeStep[] => {
    checkUsage('fake.respond', options, RESPOND)
    const { everyMs } = options
    return [
      fake.head(options.status ?? 200, withType('text/event-stream', options.headers)),
      ...(typeof body === 'string' || body instanceof Uint8Array
        ? fake.bytes(body, { ...(everyMs !== undefined && { everyMs }) })
        : fake.events(body, { ...(everyMs !== undefined && { everyMs }) })),
      options.keepOpen ? fake.stall() : fake.eof(),
    ]
  },

  /** A whole answer that is not a stream. */
  status: (status: number, options: StatusOptions = {}): readonly FakeStep[] => {
    checkUsage('fake.status', options, STATUS)
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
