import { type JsonObject, sseFrame, textStream } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'

/** How connecting can end without a connection. `never`: nothing answers the SYN. */
export type ConnectFailure = 'ENOTFOUND' | 'EAI_AGAIN' | 'EMFILE' | 'ECONNREFUSED' | 'ENETUNREACH' | 'never'

export const CERTIFICATE_FAULTS = ['expired', 'self_signed', 'of_another_host'] as const
export type CertificateFault = (typeof CERTIFICATE_FAULTS)[number]

/**
 * What an endpoint does with one attempt. The vocabulary is closed: a fake transport and an endpoint on a socket play all of
 * it, but for what a row names in `only`.
 *
 * - `'ok'`: answers with the answer of the case. A GET of a response, or of its stream, is answered from the same events.
 * - a fault of the mock server, or several on one answer;
 * - `connect`: no connection comes about;
 * - `certificate`: the endpoint shows a certificate that the client must not trust;
 * - `upload`: reads the request slowly, in so many parts;
 * - `body`: every request is answered with these bytes of an event stream, in pieces of `pieceBytes`.
 */
export type Act =
  | 'ok'
  | Fault
  | readonly Fault[]
  | { readonly connect: ConnectFailure }
  | { readonly certificate: CertificateFault }
  | { readonly upload: { readonly parts: number; readonly everyMs: number } }
  | BodyAct

export interface BodyAct {
  readonly body: Uint8Array
  /** Default: all at once. */
  readonly pieceBytes?: number
}

export const ANSWER = textStream({ text: 'one two three four five' })
export const ANSWER_TEXT = 'one two three four five'
/** Index of the first event of `ANSWER` that is progress. */
export const FIRST_DELTA = ANSWER.findIndex(({ type }) => type.endsWith('.delta'))
/** In the middle of the output. */
export const BROKEN = { at: 'before_event', event: FIRST_DELTA + 2 } as const
/** What has come by then. */
export const HEARD = ANSWER.slice(0, BROKEN.event)

export const SILENT: Fault = { at: 'headers', effect: 'stall' }
export const RESET: Fault = { at: 'headers', effect: 'reset' }
export const STALLED_OUTPUT: Fault = { ...BROKEN, effect: 'stall' }

/** An HTTP answer in place of the stream. */
export function status(code: number, headers: Record<string, string> = {}, body?: unknown): Fault {
  return { at: 'headers', effect: 'status', status: code, headers, ...(body !== undefined && { body }) }
}

/** 200 with something else than a stream. */
export function page(type: string, body: unknown): Fault {
  return status(200, { 'content-type': type }, body)
}

export function send(event: number, ...events: readonly JsonObject[]): Fault {
  return { at: 'before_event', event, effect: 'event', events }
}

export function sendRaw(event: number, raw: string): Fault {
  return { at: 'before_event', event, effect: 'event', raw }
}

export function wait(event: number, ms: number): Fault {
  return { at: 'before_event', event, effect: 'delay', ms }
}

export function stall(event: number): Fault {
  return { at: 'before_event', event, effect: 'stall' }
}

/** These events in front of event `event`, then nothing more, on a connection that stays open. */
export function said(event: number, ...events: readonly JsonObject[]): Fault[] {
  return [send(event, ...events), stall(event)]
}

/** Heartbeats. */
export function beats(count: number): JsonObject[] {
  return Array.from({ length: count }, () => ({ type: 'keepalive', sequence_number: 1 }))
}

export function failed(error: unknown, sequence_number = 0): JsonObject {
  return { type: 'response.failed', sequence_number, response: { id: 'resp_failed', status: 'failed', error } }
}

export function isFaults(act: Act): act is Fault | readonly Fault[] {
  return Array.isArray(act) || (typeof act === 'object' && 'at' in act)
}

export function isBody(act: Act | undefined): act is BodyAct {
  return typeof act === 'object' && 'body' in act && !isFaults(act)
}

export function isConnect(act: Act): act is Extract<Act, { connect: ConnectFailure }> {
  return typeof act === 'object' && 'connect' in act
}

/** One event in bytes, cut in half. */
export function halfFrame(event: JsonObject | undefined): Uint8Array {
  const frame = Buffer.from(sseFrame(event ?? {}))
  return frame.subarray(0, Math.floor(frame.length / 2))
}
