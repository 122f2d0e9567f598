import type { Call, CallContext } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import { ApiRequest, type RequestShape } from './api-request.ts'
import type { ResponsesHost } from './host.ts'
import { lazyReading } from './lazy-reading.ts'

/**
 * One request of the Responses API as a call, registered with its client. In the first typed call of a process a promise of it,
 * because what a call runs on is loaded first: the call counts as under way meanwhile.
 */
export function beginCall(host: ResponsesHost, shape: RequestShape, scope: AbortScope): Call | Promise<Call> {
  if (!shape.continues) host.assertOpen()
  const { restartable = false, commitAt } = shape
  const request = new ApiRequest(host, shape)
  const usual = host.contextFor(request.url.origin, { restartable, ...(commitAt && { commitAt }) })
  // A continued call already has its permit.
  const context = shape.continues
    ? { ...usual, admission: undefined, startedAt: shape.continues.since, attemptsBefore: shape.continues.attempts }
    : usual
  const loaded = lazyReading.loaded
  const call = loaded === undefined ? callOnceLoaded(request, context, scope) : new loaded.Call(request, context, scope)
  host.begin(scope)
  return call
}

/** Where nothing can be loaded there is no call that could tell its client of its end. */
async function callOnceLoaded(request: ApiRequest, context: CallContext, scope: AbortScope): Promise<Call> {
  try {
    const loaded = await lazyReading.load()
    return new loaded.Call(request, context, scope)
  } catch (error) {
    scope.dispose()
    context.onEnded(scope)
    throw error
  }
}
