import type { ResilientClientOptions } from '../../../src/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { CUT_AFTER_OUTPUT, FAILURES, RESET_AFTER_OUTPUT } from './failures.ts'
import type { Host, HostSettings } from './host.ts'
import { alone, requestsOf, withUs } from './outcome.ts'

export { table } from '../../support/table.ts'

/** Per failure: what the host does alone, with us, and with us over WebSockets. */
export function failureRows(host: Host): Promise<string[][]> {
  return Promise.all(
    FAILURES.map(async (failure) => {
      const overSockets = failure.isOfHttp ? '' : withUs(host, failure, {}, { webSocket: true })
      return [failure.name, ...(await Promise.all([alone(host, failure), withUs(host, failure), overSockets]))]
    }),
  )
}

/** A failing endpoint, with the host's retries off, and on as they are by default. */
export function requestRows(host: Host): Promise<string[][]> {
  const always: ReadonlyArray<readonly [string, Fault]> = [
    ['503 to every request', { at: 'headers', effect: 'status', status: 503 }],
    [
      '429 with `retry-after: 3600`',
      { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after': '3600' } },
    ],
    ['every connection reset', { at: 'headers', effect: 'reset' }],
  ]
  return Promise.all(
    always.map(async ([name, fault]) => {
      const counts = [requestsOf(host, fault, { maxRetries: 0 }), requestsOf(host, fault, { maxRetries: undefined })]
      return [name, ...(await Promise.all(counts)).map(String)]
    }),
  )
}

/** Per failure after output: how it ends with each `streamFailure`. */
export function afterOutputRows(host: Host, settings: Partial<HostSettings> = {}): Promise<string[][]> {
  const modes: ResilientClientOptions[] = [{ streamFailure: 'error' }, { streamFailure: 'sse_error' }]
  const ways = [false, true].flatMap((webSocket) =>
    [RESET_AFTER_OUTPUT, CUT_AFTER_OUTPUT].map((failure) => ({ webSocket, failure })),
  )
  return Promise.all(
    ways.map(async ({ webSocket, failure }) => {
      const ends = modes.map((options) => withUs(host, failure, settings, { ...options, webSocket }))
      return [`${failure.name}${webSocket ? ', over a WebSocket' : ''}`, ...(await Promise.all(ends))]
    }),
  )
}
