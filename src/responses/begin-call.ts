import { Call } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import { ApiRequest, type RequestShape } from './api-request.ts'
import type { ResponsesHost } from './host.ts'

/** One request of the Responses API as a call, registered with its client. */
export function beginCall(host: ResponsesHost, shape: RequestShape, scope: AbortScope): Call {
  if (!shape.continues) host.assertOpen()
  const { restartable = false, commitAt } = shape
  const request = new ApiRequest(host, shape)
  const context = host.contextFor(request.url.origin, scope, { restartable, ...(commitAt && { commitAt }) })
  // What goes on has had its turn.
  const call = new Call(
    request,
    shape.continues ? { ...context, admission: undefined, startedAt: shape.continues.since } : context,
  )
  host.begin(scope)
  return call
}
