import type { ResilientClientOptions } from '../../../src/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { CUT_AFTER_OUTPUT, FAILURES, RESET_AFTER_OUTPUT } from './failures.ts'
import type { Host, HostSettings } from './host.ts'
import { alone, requestsOf, withUs } from './outcome.ts'

export { table } from '../../support/table.ts'

/** Per failure: what the host does alone, and with us. */
export function failureRows(host: Host): Promise<string[][]> {
  return Promise.all(
    FAILURES.map(async (failure) => [
      failure.name,
      ...(await Promise.all([alone(host, failure), withUs(host, failure)])),
    ]),
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
  return Promise.all(
    [RESET_AFTER_OUTPUT, CUT_AFTER_OUTPUT].map(async (failure) => {
      const ends = await Promise.all(modes.map((options) => withUs(host, failure, settings, options)))
      return [failure.name, ...ends]
    }),
  )
}
