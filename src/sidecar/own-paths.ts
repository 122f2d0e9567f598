import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorBody } from './answers.ts'
import type { Refusal } from './guard.ts'
import type { SidecarMetrics } from './metrics.ts'
import type { SidecarSettings } from './options.ts'
import { answerHealth } from './own-answers.ts'
import { EVENTS_HEAD, type LiveFeed } from './page/live-feed.ts'
import { LIVE_PAGE, LIVE_PAGE_CSP, TIMELINE_CSP } from './page/page.ts'
import { DRAINING, requestRefusal } from './visitor.ts'

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

const TOO_MANY_PAGES: Refusal = {
  status: 503,
  code: 'too_many_pages',
  message: 'As many live pages are open as the sidecar serves. Close one.',
}

export interface OwnPathsContext {
  readonly settings: SidecarSettings
  readonly isDraining: () => boolean
  readonly metrics: () => SidecarMetrics | undefined
  readonly feed: LiveFeed
  /** The page of the latest calls to the upstream. */
  readonly timeline: () => string
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
      case '/':
        if (this.#isLetIn(request, response)) answerHtml(response, LIVE_PAGE, LIVE_PAGE_CSP)
        return true
      case '/_live/timeline':
        if (this.#isLetIn(request, response)) answerHtml(response, this.#context.timeline(), TIMELINE_CSP)
        return true
      case '/_live/calls':
        if (this.#isLetIn(request, response)) answerJson(response, this.#context.feed.snapshot)
        return true
      case '/_live/events':
        if (this.#isLetIn(request, response)) this.#follow(request, response)
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

  #follow({ method }: IncomingMessage, response: ServerResponse): void {
    const { feed, isDraining } = this.#context
    if (method === 'HEAD') {
      // Nothing follows the head, so it takes none of the places for pages.
      response.writeHead(200, EVENTS_HEAD)
      response.end()
      return
    }
    if (feed.isFull || isDraining()) refuse(response, isDraining() ? DRAINING : TOO_MANY_PAGES)
    else feed.add(response)
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

/** What the live page shows, for `curl` and scripts. */
function answerJson(response: ServerResponse, json: object): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  response.end(`${JSON.stringify(json, undefined, 2)}\n`)
}

function answerHtml(response: ServerResponse, html: string, csp: string): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': csp,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  })
  response.end(html)
}

function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error'
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    // A browser asks its user for the token, as a password.
    ...(status === 401 && { 'www-authenticate': 'Basic realm="sidecar token", charset="UTF-8"' }),
  })
  response.end(errorBody({ code, type, message }))
}
