import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorBody } from './answers.ts'
import type { Refusal } from './guard.ts'
import type { SidecarMetrics } from './metrics.ts'
import type { SidecarSettings } from './options.ts'
import { answerHealth } from './own-answers.ts'
import { requestRefusal } from './visitor.ts'

const NO_METRICS: Refusal = {
  status: 501,
  code: 'metrics_not_installed',
  message: 'Metrics need the package prom-client beside the sidecar: npm install prom-client',
}

const NOT_ALLOWED: Refusal = {
  status: 405,
  code: 'method_not_allowed',
  message: 'This path of the sidecar takes GET and HEAD alone.',
}

export interface OwnPathsContext {
  readonly settings: SidecarSettings
  readonly isDraining: () => boolean
  readonly metrics: () => SidecarMetrics | undefined
}

/** The paths that the sidecar answers itself. All others go to the upstream. */
export class OwnPaths {
  readonly #context: OwnPathsContext

  constructor(context: OwnPathsContext) {
    this.#context = context
  }

  /** @returns `false` for any other path, which stays unanswered. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url?.split('?', 1)[0]
    switch (path) {
      case '/healthz':
      case '/readyz':
        // Anybody may ask: they tell nothing else.
        answerHealth(response, path === '/readyz' && this.#context.isDraining())
        return true
      case '/metrics':
        if (this.#isLetIn(request, response)) void this.#metrics(response)
        return true
      default:
        return false
    }
  }

  #isLetIn(request: IncomingMessage, response: ServerResponse): boolean {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const refusal = requestRefusal(request, this.#context.settings, true) ?? (isRead ? undefined : NOT_ALLOWED)
    if (refusal !== undefined) refuse(response, refusal)
    return refusal === undefined
  }

  async #metrics(response: ServerResponse): Promise<void> {
    const metrics = this.#context.metrics()
    if (metrics === undefined) {
      refuse(response, NO_METRICS)
      return
    }
    const text = await metrics.text()
    response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
    response.end(text)
  }
}

function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error'
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(errorBody({ code, type, message }))
}
