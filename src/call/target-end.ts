import type { TargetEnd } from '../endpoints/endpoints.ts'
import { ERROR_CATALOG } from '../errors/catalog.ts'
import type { Attempt } from './attempt.ts'
import { isOfSocket } from './of-socket.ts'

/** The outcome of an attempt for its endpoint. A refusal shows that the endpoint is alive. */
export function targetEndOf({ record, failed }: Attempt): TargetEnd {
  const end = { hintMs: failed?.hintMs }
  if (record?.outcome === 'aborted' || record?.outcome === 'lost') return { ...end, report: undefined }
  // The endpoint answers: over HTTP, as it says.
  if (failed?.code === 'upgrade_refused') return { ...end, report: undefined }
  // The time of a socket is over. The next one is served.
  if (failed !== undefined && isOfSocket(failed)) return { ...end, report: 'alive' }
  // The time of the call was over, which says nothing about an endpoint that might have answered later.
  if (failed?.code === 'total_timeout' || failed?.code === 'before_commit_timeout') return { ...end, report: undefined }
  if (failed?.code === 'ttfb_timeout') return { ...end, report: 'dead' }
  const hasFailed =
    failed !== undefined && (failed.lane !== undefined || ERROR_CATALOG[failed.code].family === 'connection')
  return { ...end, report: hasFailed ? 'failed' : 'alive' }
}
