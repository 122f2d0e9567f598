import type { AddedAsk, AddedHeaders, InstrumentationProblem, SendIn, SentAttempt } from '../call/call-request.ts'
import type { AbortScope } from '../core/abort.ts'
import { captureContext, type InContext } from '../core/async-context.ts'
import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import { isThenable } from '../core/thenable.ts'
import { isTraceHeader } from '../errors/header-names.ts'
import type { Subscription } from '../telemetry/emitter.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { HEADERS_DEADLINE_MS } from '../watchdog/deadlines.ts'
import { checkedHeaders, contextOf, SignalOf } from './header-source.ts'
import type { HeadersContext } from './headers-option.ts'
import type { Instrumentation } from './instrumentation-option.ts'

/** An instrumentation, with its functions as they were when the client was made. */
export interface InstrumentationSettings {
  readonly telemetry: Subscription | undefined
  readonly headers: Exclude<Instrumentation['headers'], undefined> | undefined
  readonly inContext: SendIn | undefined
}

/** Binds the functions to their object, which may be an instance of a class. */
export function instrumentationsOf(given: readonly Instrumentation[]): readonly InstrumentationSettings[] {
  return given.map((one) => ({
    telemetry: one.onEvent && { listener: one.onEvent.bind(one), types: one.eventTypes?.slice() },
    headers: one.headers?.bind(one),
    inContext: one.inContext?.bind(one),
  }))
}

/**
 * The contexts of all instrumentations around one sending, that of the first outermost. Whatever they do, `send` is called exactly
 * once, and what it returns or throws comes out. `undefined` where no instrumentation has one.
 */
export function sendInOf(instrumentations: readonly InstrumentationSettings[]): SendIn | undefined {
  const all = instrumentations.flatMap(({ inContext }) => inContext ?? [])
  if (all.length === 0) return undefined
  return <T>(attempt: SentAttempt, send: () => T): T =>
    all.reduceRight<() => T>((inner, inContext) => () => around(inContext, attempt, inner), send)()
}

function around<T>(inContext: SendIn, attempt: SentAttempt, send: () => T): T {
  let sent: (() => T) | undefined
  const once = (): T => {
    if (sent === undefined) {
      try {
        const value = send()
        sent = () => value
      } catch (error) {
        sent = () => {
          throw error
        }
      }
    }
    return sent()
  }
  try {
    inContext(attempt, once)
  } catch {
    // What it throws fails no call. What `send` threw comes out below.
  }
  return once()
}

/** The headers of one instrumentation, and its index in the option. */
interface HeadersOfOne {
  readonly index: number
  readonly headers: NonNullable<InstrumentationSettings['headers']>
}

type OnProblem = Parameters<AddedHeaders['get']>[1]

const NONE: HeaderPairs = []

/** The headers that the instrumentations add to each attempt. */
export class InstrumentedHeaders {
  readonly #sources: readonly HeadersOfOne[]
  readonly #origin: string
  readonly #clock: Clock

  /** @param options.origin of `baseURL`. Only tracing headers are sent to other origins. */
  constructor(options: {
    readonly instrumentations: readonly InstrumentationSettings[]
    readonly origin: string
    readonly clock: Clock
  }) {
    this.#sources = options.instrumentations.flatMap(({ headers }, index) =>
      headers === undefined ? [] : { index, headers },
    )
    this.#origin = options.origin
    this.#clock = options.clock
  }

  /** For one call, in the current asynchronous context. `undefined` if no instrumentation has `headers`. */
  ofCall(): AddedHeaders | undefined {
    if (this.#sources.length === 0) return undefined
    const inContext = captureContext()
    const isHomeOf = ({ url }: AddedAsk): boolean => url.origin === this.#origin
    return {
      get: (ask, onProblem) => {
        const made = this.#sources.map((source) => this.#asked(source, ask, inContext, onProblem))
        return made.some(isThenable)
          ? Promise.all(made).then((all) => sendable(all, isHomeOf(ask)))
          : sendable(made as HeaderPairs[], isHomeOf(ask))
      },
    }
  }

  /** Rejects only for an abort of the call: no other failure of an instrumentation may fail it. */
  #asked(
    { index, headers }: HeadersOfOne,
    ask: AddedAsk,
    inContext: InContext,
    onProblem: OnProblem,
  ): HeaderPairs | Promise<HeaderPairs> {
    let scope: AbortScope | undefined
    const ended = new SignalOf(() => {
      scope ??= ask.running().child()
      return scope
    })
    const end = (): void => {
      ended.dispose()
      scope?.dispose()
    }
    const failed = (error: unknown, problem: InstrumentationProblem): HeaderPairs => {
      scope?.abort(error)
      end()
      onProblem(index, problem)
      return NONE
    }
    let problem: InstrumentationProblem = 'threw'
    try {
      const context: HeadersContext = contextOf(ask, ended)
      const made: unknown = inContext(() => headers(context))
      if (isThenable(made)) return this.#awaited(made, ask, failed).finally(end)
      problem = 'invalid_result'
      const pairs = pairsOf(made)
      end()
      return pairs
    } catch (error) {
      // A rejection, because it must not leave the promise of another instrumentation without a handler.
      if (ask.scope.aborted) return Promise.reject(ask.scope.reason).finally(end)
      return failed(error, problem)
    }
  }

  async #awaited(
    made: PromiseLike<unknown>,
    ask: AddedAsk,
    failed: (error: unknown, problem: InstrumentationProblem) => HeaderPairs,
  ): Promise<HeaderPairs> {
    let problem: InstrumentationProblem = 'threw'
    try {
      const settled = await withDeadline(made, {
        clock: this.#clock,
        ms: HEADERS_DEADLINE_MS,
        scope: ask.running(),
        onTimeout: () => {
          problem = 'timed_out'
          return new Error(problem)
        },
      })
      problem = 'invalid_result'
      return pairsOf(settled)
    } catch (error) {
      ask.running().throwIfAborted()
      return failed(error, problem)
    }
  }
}

function pairsOf(made: unknown): HeaderPairs {
  if (made === undefined) return NONE
  return checkedHeaders(made, 'instrumentations').map(([name, value]) => [name.toLowerCase(), value] as const)
}

function sendable(made: readonly HeaderPairs[], isHome: boolean): HeaderPairs {
  return made.flat().filter(([name]) => isHome || isTraceHeader(name))
}
