import { expect, it } from 'vitest'
import type { Attempt } from '../../src/call/attempt.ts'
import { targetEndOf } from '../../src/call/target-end.ts'
import { type Failure, failure } from '../../src/errors/failure.ts'
import { standIn } from '../support/typed.ts'

const end = (failed?: Failure, outcome?: string): unknown =>
  targetEndOf(standIn<Attempt>({ failed, ...(outcome !== undefined && { record: { outcome } }) }))

/** As the event of a stream, it has no status, and would be retried as a failure of the model. */
const aged = failure('response_failed', 'm', {
  upstreamCode: 'websocket_connection_limit_reached',
  lane: 'pushback',
})

it.each<[report: string | undefined, what: string, failed: Failure | undefined, outcome: string]>([
  ['alive', 'an answer', undefined, 'committed'],
  ['alive', 'a refusal', failure('http_status', 'm', { status: 400, lane: undefined }), 'answered'],
  ['failed', 'an overload', failure('http_status', 'm', { status: 503, lane: 'pushback' }), 'answered'],
  ['alive', 'the end of the time of a socket', aged, 'answered'],
  ['failed', 'a reset', failure('connection_reset'), 'failed'],
  ['failed', 'a final failure of the connection', failure('tls_refused'), 'failed'],
  ['dead', 'silence', failure('ttfb_timeout'), 'failed'],
  ['failed', 'silence after the first event', failure('idle_timeout'), 'failed'],
  [undefined, 'a refused upgrade, because the endpoint answers over HTTP', failure('upgrade_refused'), 'failed'],
  [undefined, 'the end of the time of the call', failure('total_timeout'), 'failed'],
  [undefined, 'the end of the time until the commit', failure('before_commit_timeout'), 'failed'],
  [undefined, 'an abort', failure('connection_reset'), 'aborted'],
  [undefined, 'a lost race', failure('ttfb_timeout'), 'lost'],
])('an endpoint is %s after %s', (report, _, failed, outcome) => {
  expect(end(failed, outcome)).toEqual({ report, hintMs: undefined })
})

it('a hint counts whatever the outcome', () => {
  const failed = failure('http_status', 'm', { status: 503, lane: 'pushback', hintMs: 7 })
  expect([end(failed, 'answered'), end(failed, 'aborted')]).toEqual([
    { report: 'failed', hintMs: 7 },
    { report: undefined, hintMs: 7 },
  ])
  expect(end(failure('upgrade_refused', 'm', { hintMs: 7 }))).toEqual({ report: undefined, hintMs: 7 })
})

it('an attempt without a record has an endpoint all the same', () => {
  expect(end()).toEqual({ report: 'alive', hintMs: undefined })
})
