import { isKept } from '../call/request-traits.ts'
import { AbortScope } from '../core/abort.ts'
import { captureContext } from '../core/async-context.ts'
import { isThenable } from '../core/thenable.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { RequestShape } from './api-request.ts'
import { beginCall } from './begin-call.ts'
import type { IntakeOptions } from './event-sequencer.ts'
import { foldSession } from './fold.ts'
import type { ResponsesHost } from './host.ts'
import { lazyReading } from './lazy-reading.ts'
import { openSession } from './open-session.ts'
import { tellMisspelt } from './request-fields.ts'
import {
  type CreateOptions,
  checkBackgroundOptions,
  checkId,
  checkParams,
  checkRequestOptions,
  headerPairs,
  type RequestOptions,
  type ResumeOptions,
  type StreamOptions,
} from './request-options.ts'
import { openStream, type ResponseStream } from './response-stream.ts'
import type { Resumption } from './resumption.ts'
import type { ResponseCreateParams, ResponseObject } from './schema/index.ts'
import type { SessionEvent } from './session-events.ts'
import type { SessionOptions } from './session-options.ts'

export type { CreateOptions, RequestOptions, ResumeOptions, StreamOptions } from './request-options.ts'

/** Used in place of a constructor, which would show internal types in the declarations. */
export let responsesOf: (host: ResponsesHost) => Responses

/** The typed Responses API: `client.responses`. */
export class Responses {
  readonly #host: ResponsesHost
  /** Shared by all streams without options: each of them holds it to its end. */
  readonly #pollPlainly = (scope: AbortScope): Resumption => this.#resumption(undefined, scope)

  static {
    responsesOf = (host) => new Responses(host)
  }

  private constructor(host: ResponsesHost) {
    this.#host = host
  }

  /**
   * Starts a response and streams its events. It starts now, not at the first read.
   *
   * @throws ConfigurationError for `stream: false` and for options that are not accepted; ClientClosedError. All other
   * errors come from the stream.
   */
  stream(
    params: ResponseCreateParams,
    options: StreamOptions & { readonly interruption: 'restart' },
  ): ResponseStream<SessionEvent>
  stream(params: ResponseCreateParams, options?: StreamOptions): ResponseStream
  stream(params: ResponseCreateParams, options?: StreamOptions): ResponseStream<SessionEvent> {
    checkParams(params)
    checkRequestOptions('stream', options, this.#host)
    if (params.stream === false)
      throw new ConfigurationError('params.stream: got false; stream() always streams. Use create().', 'params.stream')
    tellMisspelt(params, this.#host.telemetry)
    const interruption = options?.interruption ?? this.#host.interruption
    const kept = isKept(params)
    return this.#open(options, (scope) => ({
      begin: () => this.#beginCreate(params, options, scope, kept || interruption === 'restart'),
      resumption: kept ? this.#resumption(options, scope) : undefined,
      polling: kept ? undefined : this.#polling(params, options),
      interruption,
      startingAfter: undefined,
    }))
  }

  /**
   * The whole response. Streams internally, so that every deadline works, and retries at any point until it is
   * complete. With `background: true` returns the queued response at once, and refuses options that need a stream.
   *
   * @throws ConfigurationError for `stream: true` and for options that are not accepted; ResponseFailedError with
   * `.response` when the endpoint reports a failure. `incomplete` is a result.
   */
  async create(params: ResponseCreateParams, options: CreateOptions = {}): Promise<ResponseObject> {
    checkParams(params)
    checkRequestOptions('create', options, this.#host)
    if (params.stream === true)
      throw new ConfigurationError(
        'params.stream: got true; create() returns the whole response. Use stream().',
        'params.stream',
      )
    if (params.background === true) checkBackgroundOptions(options)
    tellMisspelt(params, this.#host.telemetry)
    const scope = new AbortScope(options.signal)
    scope.throwIfAborted()
    if (params.background === true)
      return this.#json({ method: 'POST', path: 'responses', body: { ...params } }, options, scope)
    const session = openSession({
      scope,
      intake: this.#intake(options, undefined, false),
      begin: () => this.#beginCreate(params, options, scope, true),
      resumption: undefined,
      polling: this.#polling(params, options),
      interruption: 'fold',
      maxBytes: this.#host.maxEventBytes,
    })
    try {
      return await foldSession(session, options, options.signal)
    } finally {
      scope.dispose()
    }
  }

  /**
   * Resumes the stream of a response that was made with `background`, and not with `store: false`, for example after a
   * restart of the process. Resumes again whenever it breaks. Polls the response when the endpoint does not stream it any
   * more. When no event is left, reads the response once: its state comes as one last event.
   */
  resume(id: string, options: ResumeOptions = {}): ResponseStream {
    checkId('resume', id)
    checkRequestOptions('resume', options, this.#host)
    return this.#open(
      options,
      (scope) => ({
        begin: undefined,
        resumption: { ...this.#resumption(options, scope), id },
        interruption: 'error',
        startingAfter: options.starting_after,
      }),
      id,
    ) as ResponseStream
  }

  /** Reads a response once. */
  async retrieve(id: string, options: RequestOptions = {}): Promise<ResponseObject> {
    checkId('retrieve', id)
    checkRequestOptions('retrieve', options, this.#host)
    return this.#json({ method: 'GET', path: `responses/${encodeURIComponent(id)}`, expects: [id] }, options)
  }

  /** Ends a background response. Safe to send again, so it is retried like a read. */
  async cancel(id: string, options: RequestOptions = {}): Promise<ResponseObject> {
    checkId('cancel', id)
    checkRequestOptions('cancel', options, this.#host)
    return this.#json({ method: 'POST', path: `responses/${encodeURIComponent(id)}/cancel`, expects: [id] }, options)
  }

  #open(
    options: StreamOptions | ResumeOptions | undefined,
    plan: (scope: AbortScope) => {
      begin: (() => ReturnType<typeof beginCall>) | undefined
      resumption: Resumption | undefined
      polling?: SessionOptions['polling']
      interruption: 'error' | 'restart'
      startingAfter: number | undefined
    },
    asked?: string,
  ): ResponseStream<SessionEvent> {
    this.#host.assertOpen()
    const scope = new AbortScope(options?.signal)
    const { startingAfter, ...rest } = plan(scope)
    const intake = this.#intake(options, startingAfter, rest.resumption !== undefined)
    return openStream(openSession({ ...rest, scope, intake, maxBytes: this.#host.maxEventBytes }), scope, asked)
  }

  #intake(
    options: { readonly validate?: 'off' | 'report' | 'strict' | undefined } | undefined,
    startingAfter: number | undefined,
    mendsGaps: boolean,
  ): IntakeOptions {
    const { telemetry, validate } = this.#host
    return { validate: options?.validate ?? validate, telemetry, startingAfter, mendsGaps }
  }

  #beginCreate(
    params: ResponseCreateParams,
    options: RequestOptions | undefined,
    scope: AbortScope,
    restartable: boolean,
  ) {
    const body = { ...params, stream: true }
    return beginCall(
      this.#host,
      { method: 'POST', path: 'responses', body, ...ofOptions(options), face: 'stream', restartable },
      scope.child(),
    )
  }

  /** How to poll a queued response that came in place of a stream. `undefined`: nothing is stored. */
  #polling(params: ResponseCreateParams, options: RequestOptions | undefined): SessionOptions['polling'] {
    if (params.store === false) return undefined
    return options === undefined ? this.#pollPlainly : (scope) => this.#resumption(options, scope)
  }

  #resumption(options: RequestOptions | undefined, scope: AbortScope): Resumption {
    const host = this.#host
    const common = ofOptions(options)
    const path = (id: string): string => `responses/${encodeURIComponent(id)}`
    const since = host.clock.now()
    // A resume is started by a socket or a timer, but belongs to the context of the caller.
    const inContext = captureContext()
    return {
      clock: host.clock,
      maxFruitless: host.maxRetries,
      pollFor: host.staleMs,
      startedAt: since,
      total: host.totalMs,
      hold: () => host.hold(scope),
      inContext,
      beginStream: (id, startingAfter, expects, attempts) => {
        const query = {
          stream: 'true',
          ...(startingAfter === undefined ? {} : { starting_after: String(startingAfter) }),
        }
        const shape = {
          method: 'GET',
          path: path(id),
          query,
          ...common,
          expects,
          face: 'stream',
          commitAt: 'first_event',
          restartable: true,
          continues: { since, attempts },
        } as const
        return inContext(() => beginCall(host, shape, scope.child()))
      },
      beginRetrieve: (id, expects, attempts) => {
        const continues = { since, attempts }
        const shape = { method: 'GET', path: path(id), ...common, expects, face: 'json', continues } as const
        return inContext(() => beginCall(host, shape, scope.child()))
      },
      read: async (call, outcome) => (await lazyReading.load()).readOutcome(host, call, outcome, scope.child()),
    }
  }

  async #json(
    asked: Pick<RequestShape, 'method' | 'path' | 'body' | 'expects'>,
    options: RequestOptions,
    scope = new AbortScope(options.signal),
  ): Promise<ResponseObject> {
    const shape = { ...asked, ...ofOptions(options), face: 'json' } as const
    const begun = beginOrDispose(() => beginCall(this.#host, shape, scope), scope)
    const call = isThenable(begun) ? await begun : begun
    const { readCall } = lazyReading.loaded ?? (await lazyReading.load())
    return readCall(this.#host, call, scope)
  }
}

/** What every request of one call takes from its options. */
function ofOptions(options: RequestOptions | undefined): Pick<RequestShape, 'headers' | 'label'> {
  return { headers: headerPairs(options?.headers), label: options?.label }
}

/** Disposes the scope if `begin` throws, so that no listener stays on the caller's signal. */
function beginOrDispose<T>(begin: () => T, scope: AbortScope): T {
  try {
    return begin()
  } catch (error) {
    scope.dispose()
    throw error
  }
}
