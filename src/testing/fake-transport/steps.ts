import type { HeaderPairs } from '../../transport/transport.ts'
import type { NetworkErrorCode } from './network-errors.ts'

/** A failure by its code, or an error of the test, raised unchanged. */
export type FakeFailure = NetworkErrorCode | Error

/** Headers. Names in any case; values are sent as they are. */
export type FakeHeaders = Readonly<Record<string, string>> | HeaderPairs

/** An event of a stream: the content of its `data:` line. */
export type FakeEvent = object

/** A delivery over the connection after the headers. */
export type FakeDelivery =
  /** One event as one SSE frame, in one socket read. */
  | { readonly type: 'event'; readonly event: FakeEvent }
  /** One SSE comment: a byte, but no event. */
  | { readonly type: 'comment'; readonly text: string }
  /** Raw bytes, in one socket read. */
  | { readonly type: 'bytes'; readonly bytes: string | Uint8Array }

/** One action of an endpoint. Made by the functions of `fake`. Times are milliseconds. */
export type FakeStep =
  | { readonly type: 'connect'; readonly afterMs: number }
  | { readonly type: 'connect_stall' }
  | { readonly type: 'connect_error'; readonly error: FakeFailure; readonly afterMs: number }
  | { readonly type: 'send'; readonly times: number; readonly everyMs: number }
  | { readonly type: 'send_stall' }
  | { readonly type: 'send_error'; readonly error: FakeFailure }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'stall' }
  | { readonly type: 'head'; readonly status: number; readonly statusText: string; readonly headers: FakeHeaders }
  | FakeDelivery
  | { readonly type: 'repeat'; readonly delivery: FakeDelivery; readonly everyMs: number }
  | { readonly type: 'eof' }
  | { readonly type: 'reset'; readonly error: FakeFailure }

/**
 * The script of one attempt: a step, or steps in order. May contain the results of builders that make several steps.
 */
export type FakeAttempt = FakeStep | readonly (FakeStep | readonly FakeStep[])[]

/** A short description of a step, for errors. */
export function describeStep(step: FakeStep): string {
  switch (step.type) {
    case 'delay':
      return `delay of ${step.ms} ms`
    case 'head':
      return `head ${step.status}`
    case 'event':
      return `event ${(step.event as { type?: unknown }).type ?? JSON.stringify(step.event)}`
    case 'bytes':
      return `${step.bytes.length} bytes`
    case 'comment':
      return `comment "${step.text}"`
    case 'repeat':
      return `${describeStep(step.delivery)} every ${step.everyMs} ms`
    case 'connect_error':
    case 'send_error':
    case 'reset':
      return `${step.type} ${step.error instanceof Error ? step.error.name : step.error}`
    case 'connect':
    case 'connect_stall':
    case 'send':
    case 'send_stall':
    case 'stall':
    case 'eof':
      return step.type
  }
}

/** Lower-case names, as the transport port requires. */
export function headerPairs(headers: FakeHeaders): HeaderPairs {
  const pairs: HeaderPairs = Array.isArray(headers) ? headers : Object.entries(headers)
  return pairs.map(([name, value]) => [name.toLowerCase(), value])
}
