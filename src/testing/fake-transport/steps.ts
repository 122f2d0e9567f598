import type { HeaderPairs } from '../../transport/transport.ts'
import type { NetworkErrorCode } from './network-errors.ts'

/** A failure by its code, or an error of the test's own, raised unchanged. */
export type FakeFailure = NetworkErrorCode | Error

/** Names in any case, values as they go out. */
export type FakeHeaders = Readonly<Record<string, string>> | HeaderPairs

/** An event of a stream: what stands in its `data:` line. */
export type FakeEvent = object

/** What comes over the connection once the headers are out. */
export type FakeDelivery =
  /** One event as one SSE frame, in one socket read. */
  | { readonly type: 'event'; readonly event: FakeEvent }
  /** One SSE comment: a byte, but no event. */
  | { readonly type: 'comment'; readonly text: string }
  /** Raw bytes, in one socket read. */
  | { readonly type: 'bytes'; readonly bytes: string | Uint8Array }

/** One thing that an endpoint does. Made by the functions of `fake`. Times are milliseconds. */
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

/** What happens in one attempt: a step, or steps in order. Builders that make several steps may stand among them. */
export type FakeAttempt = FakeStep | readonly (FakeStep | readonly FakeStep[])[]

/** A step in a few words, for errors. */
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

/** Lower-case names, as the port has them. */
export function headerPairs(headers: FakeHeaders): HeaderPairs {
  const pairs: HeaderPairs = Array.isArray(headers) ? headers : Object.entries(headers)
  return pairs.map(([name, value]) => [name.toLowerCase(), value])
}
