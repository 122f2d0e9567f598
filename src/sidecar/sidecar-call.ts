import type { IncomingMessage, ServerResponse } from 'node:http'
import { traitsOf } from '../call/request-traits.ts'
import type { ResilientClient } from '../client/resilient-client.ts'
import { type TimerHandle, toIsoTime } from '../core/clock.ts'
import { isResilientError } from '../errors/errors.ts'
import { findResilientError } from '../errors/find.ts'
import {
  answerOfFailure,
  type BudgetFacts,
  comeBackHeaders,
  judgeAnswer,
  type MadeAnswer,
  withoutComeBack,
} from './answers.ts'
import type { CallFacts } from './call-facts.ts'
import { Downstream, KEEPALIVE_COMMENT, KEEPALIVE_EVENT } from './downstream.ts'
import type { Refusal } from './guard.ts'
import { headersDown, headersUp } from './headers.ts'
import type { SidecarLogEntry } from './log-entry.ts'
import { bodyRefusal } from './message.ts'
import type { SidecarSettings } from './options.ts'
import type { CallProgress } from './page/under-way.ts'
import { type BufferedBytes, ClientLeft, type HeldBody, isRefusal, readRequestBody } from './request-body.ts'

export interface SidecarCallContext {
  readonly id: number
  readonly client: ResilientClient
  readonly settings: SidecarSettings
  readonly buffered: BufferedBytes
  readonly facts: CallFacts
  /** Headers of every answer to this client. */
  readonly more: ReadonlyArray<readonly [string, string]>
  /** Sends 100 Continue to a client that waits for it before it sends its body (`Expect: 100-continue`). */
  readonly askForBody: (() => void) | undefined
}

const AUTHORIZATION: ReadonlySet<string> = new Set(['authorization'])
const NONE: ReadonlySet<string> = new Set()

/** One call of a client: sends its request to the upstream through the client library, and the answer back. */
export class SidecarCall {
  readonly #request: IncomingMessage
  readonly #downstream: Downstream
  readonly #context: SidecarCallContext
  readonly #abort = new AbortController()
  readonly #startedAt: number
  readonly #time: string
  #hold: TimerHandle | undefined
  #firstByteMs: number | undefined
  #outcome: SidecarLogEntry['outcome'] = 'left'
  #code: string | undefined

  constructor(request: IncomingMessage, response: ServerResponse, context: SidecarCallContext) {
    this.#request = request
    this.#context = context
    this.#downstream = new Downstream(response)
    this.#startedAt = context.settings.clock.now()
    this.#time = toIsoTime(context.settings.clock.wallNow())
    // Also emitted after the whole answer was sent. Then there is nothing to abort.
    response.once('close', () => {
      if (!response.writableFinished) this.#abort.abort(LEFT)
    })
  }

  /** Resolves when the call is over. Never rejects. */
  async run(url: URL): Promise<SidecarLogEntry> {
    let body: HeldBody | undefined
    try {
      body = await this.#body()
      if (body !== undefined) await this.#call(url, body.bytes)
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#stopHolding()
      body?.release()
    }
    return this.#entry()
  }

  /** Ends the call: the sidecar is shutting down. */
  abort(reason: unknown): void {
    this.#abort.abort(reason)
  }

  /** Answers a request that is not sent to the upstream. */
  refused(refusal: Refusal): SidecarLogEntry {
    this.#refuse(refusal)
    return this.#entry()
  }

  #refuse({ status, code, message }: Refusal): void {
    this.#outcome = 'refused'
    this.#code = code
    const mayHeal = status === 503
    const type = status >= 500 ? 'server_error' : 'invalid_request_error'
    const made = { status, code, type, message, hintMs: undefined, mayHeal, isSpent: false }
    // The rest of the request's body is not read.
    const close = this.#request.complete ? [] : [['connection', 'close'] as const]
    this.#downstream.answer(made, [...this.#context.more, ...close])
  }

  /** @returns `undefined` if the request was refused and answered. */
  async #body(): Promise<HeldBody | undefined> {
    const { settings, buffered, askForBody } = this.#context
    const body = await readRequestBody(this.#request, { maxBytes: settings.maxBodyBytes, buffered, askForBody })
    const refusal = isRefusal(body) ? body : bodyRefusal(this.#request.method ?? 'GET', body.bytes.length)
    if (refusal === undefined) return body as HeldBody
    if (!isRefusal(body)) body.release()
    this.#refuse(refusal)
    return undefined
  }

  async #call(url: URL, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { client, settings, facts } = this.#context
    const method = this.#request.method ?? 'GET'
    const dropped = settings.apiKey === undefined ? NONE : AUTHORIZATION
    const headers = headersUp(this.#request.rawHeaders, dropped, settings.token)
    const isResponses = (): boolean => isResponsesStream({ url, method, headers, bytes })
    this.#holdUntilDue(isResponses)
    const response = await facts.during(() =>
      client.fetch(url, {
        method,
        headers,
        redirect: 'manual',
        signal: this.#abort.signal,
        ...(bytes.length > 0 && { body: bytes }),
      }),
    )
    this.#stopHolding()
    await this.#answer(response, isResponses)
  }

  /** Starts the stream after `holdMs`: clients wait for the head of an answer only for so long. */
  #holdUntilDue(isResponses: () => boolean): void {
    const { settings } = this.#context
    const { clock } = settings
    if (settings.holdMs === 0) return
    const onDue = (): void => {
      if (!this.#downstream.isOpen || !isResponses()) return
      this.#downstream.head(200, [
        ['content-type', 'text/event-stream'],
        ['cache-control', 'no-cache'],
        ...this.#context.more,
      ])
      this.#downstream.flushHead()
      this.#keepAlive(true)
    }
    this.#hold = clock.setTimer(onDue, settings.holdMs, { unref: true })
  }

  #stopHolding(): void {
    if (this.#hold !== undefined) this.#context.settings.clock.clearTimer(this.#hold)
    this.#hold = undefined
  }

  #keepAlive(isResponses: boolean): void {
    const { keepalive, keepaliveMs } = this.#context.settings
    if (keepalive === 'off') return
    const frame = isResponses && keepalive === 'data' ? KEEPALIVE_EVENT : KEEPALIVE_COMMENT
    this.#downstream.keepAlive({ frame, afterMs: keepaliveMs, clock: this.#context.settings.clock })
  }

  async #answer(response: Response, isResponses: () => boolean): Promise<void> {
    const downstream = this.#downstream
    const { instead, mayHeal, hintMs } = judgeAnswer(response, this.#context.settings.clock.wallNow())
    this.#code = instead?.code
    if (instead !== undefined || (downstream.hasHead && response.status >= 300)) {
      const made = instead ?? (await madeOf(response))
      this.#code = made.code
      // `madeOf` has already read the body.
      if (instead !== undefined) await response.body?.cancel()
      // An error event in a stream whose head said 200.
      this.#outcome = downstream.hasHead ? 'interrupted' : 'completed'
      downstream.answer(made, this.#context.more, this.#budget())
      return
    }
    const isEventStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    if (!downstream.hasHead) {
      const passed = headersDown(response.headers, !isEventStream)
      const told = mayHeal ? [...withoutComeBack(passed), ...comeBackHeaders(hintMs, this.#budget())] : passed
      downstream.head(response.status, [...told, ...this.#context.more])
      if (isEventStream && response.status < 300) {
        downstream.flushHead()
        this.#keepAlive(isResponses())
      }
    }
    await this.#pass(response)
  }

  async #pass({ body }: Response): Promise<void> {
    if (body !== null) {
      for await (const bytes of body) {
        this.#firstByteMs ??= this.#context.settings.clock.now() - this.#startedAt
        const waiting = this.#downstream.write(bytes)
        if (waiting !== undefined) await waiting
      }
    }
    if (this.#abort.signal.aborted) throw this.#abort.signal.reason
    this.#downstream.end()
    const isSuccess = (this.#downstream.status ?? 0) < 300
    this.#outcome = isSuccess && this.#context.facts.hasFailed ? 'interrupted' : 'completed'
  }

  #budget(): BudgetFacts {
    const { client, settings } = this.#context
    const { origin } = settings.base
    return { balance: client.stats().retryBudgets[origin], refillPerMinute: settings.refillPerMinute }
  }

  #failed(error: unknown): void {
    if (error === LEFT || error instanceof ClientLeft) {
      this.#downstream.breakOff()
      return
    }
    const failed = isResilientError(error) ? error : findResilientError(error)
    this.#outcome = 'interrupted'
    this.#code = failed?.code ?? 'sidecar_failed'
    // The client has a part of an answer. It must end as a broken connection.
    if (this.#downstream.bytes > 0) this.#downstream.breakOff()
    else this.#downstream.answer(answerOfFailure(error), this.#context.more, this.#budget())
  }

  get progress(): CallProgress {
    const { outcome: _, ...progress } = this.#entry()
    return progress
  }

  #entry(): SidecarLogEntry {
    const { id, settings, facts } = this.#context
    const { clock } = settings
    return {
      time: this.#time,
      id,
      method: this.#request.method ?? '',
      path: pathOf(this.#request.url ?? ''),
      model: facts.model,
      status: this.#downstream.status,
      outcome: this.#outcome,
      code: this.#code ?? facts.code,
      attempts: facts.attempts,
      failures: facts.failures.length === 0 ? undefined : [...facts.failures],
      firstByteMs: this.#firstByteMs === undefined ? undefined : Math.round(this.#firstByteMs),
      ms: Math.round(clock.now() - this.#startedAt),
      bytes: this.#downstream.bytes,
    }
  }
}

/** The abort reason of a call whose client has left. */
const LEFT = new Error('the client of the sidecar left')

function isResponsesStream(request: {
  readonly url: URL
  readonly method: string
  readonly headers: readonly (readonly [string, string])[]
  readonly bytes: Uint8Array
}): boolean {
  return traitsOf({ ...request, body: { kind: 'bytes', bytes: request.bytes } }).latency.kind === 'stream'
}

/** The path without the query, which may hold secrets. */
function pathOf(target: string): string {
  return target.split('?', 1)[0]?.slice(0, 200) ?? ''
}

/** The error in an error answer of the upstream, for a client that already has the head of a stream. */
async function madeOf(response: Response): Promise<MadeAnswer> {
  const { status } = response
  const made = {
    status,
    code: 'upstream_error',
    type: 'server_error',
    hintMs: undefined,
    mayHeal: false,
    isSpent: false,
  }
  const message = `The upstream answered ${status}.`
  try {
    const json = (await response.json()) as { readonly error?: Readonly<Record<string, unknown>> | null }
    const word = (name: string): string | undefined => {
      const value = json.error?.[name]
      return typeof value === 'string' ? value : undefined
    }
    return {
      ...made,
      code: word('code') ?? made.code,
      type: word('type') ?? made.type,
      message: word('message') ?? message,
    }
  } catch {
    return { ...made, message }
  }
}
