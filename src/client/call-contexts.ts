import type { CallContext } from '../call/call.ts'
import type { RetryBudgets } from '../retry/budget.ts'
import type { InstrumentedHeaders } from './instrumentation.ts'

/**
 * The contexts of the calls of one face of a client. Calls share them, because each stream holds its context to its end. The
 * latest one is kept: a client mostly calls one origin, and contexts of different origins differ in their budget alone.
 */
export class CallContexts {
  readonly #common: Omit<CallContext, 'budget' | 'added'>
  readonly #budgets: RetryBudgets
  readonly #instrumented: InstrumentedHeaders
  #latest: CallContext | undefined

  constructor(
    common: Omit<CallContext, 'budget' | 'added'>,
    { budgets, instrumented }: { readonly budgets: RetryBudgets; readonly instrumented: InstrumentedHeaders },
  ) {
    this.#common = common
    this.#budgets = budgets
    this.#instrumented = instrumented
  }

  /** The context of a call to this origin, in the current asynchronous context. */
  of(origin: string): CallContext {
    const budget = this.#budgets.of(origin)
    if (this.#latest === undefined || this.#latest.budget !== budget)
      this.#latest = { ...this.#common, budget, added: undefined }
    const added = this.#instrumented.ofCall()
    return added === undefined ? this.#latest : { ...this.#latest, added }
  }
}
