import type { Attributes, BatchObservableCallback, Meter, Observable } from '@opentelemetry/api'
import type { ResilientClientStats } from '../client/resilient-client.ts'
import { serverAt } from './call-facts.ts'
import { OWN, OWN_METRIC } from './names.ts'

/** A client whose state is measured: a `ResilientClient`, or any object with its `stats()`. */
export interface Observed {
  stats(): ResilientClientStats
}

/** Measures the state of clients whenever metrics are collected. The values are sums over all clients. */
export class ClientGauges {
  /** Weak, so that an observation which is never ended keeps no client alive. */
  readonly #clients = new Set<WeakRef<Observed>>()

  #meter: Meter | undefined
  /** Ends the measuring on `#meter`. */
  #end: (() => void) | undefined

  /** Measures on another meter from now on, and on the previous one no longer. Does nothing if it is the same meter. */
  measureOn(meter: Meter): void {
    if (meter === this.#meter) return
    this.#end?.()
    this.#end = undefined
    this.#meter = meter
    const connections = meter.createObservableUpDownCounter(OWN_METRIC.connections, {
      description: 'Open or opening connections.',
      unit: '{connection}',
    })
    const waiting = meter.createObservableUpDownCounter(OWN_METRIC.waitingCalls, {
      description: 'Calls that wait to begin (option `concurrency`).',
      unit: '{call}',
    })
    const budget = meter.createObservableGauge(OWN_METRIC.retryBudget, {
      description: 'Retries that are left in the budget of an origin (option `retry.budget`).',
      unit: '{retry}',
    })
    const observed = [connections, waiting, budget]
    const callback: BatchObservableCallback = (result) => {
      const all = this.#stats()
      const observe = (instrument: Observable, value: (one: ResilientClientStats) => number, attributes?: Attributes) =>
        result.observe(instrument, sum(all.map(value)), attributes)
      observe(connections, ({ idleConnections }) => idleConnections, { [OWN.connectionState]: 'idle' })
      observe(connections, (one) => one.connections - one.idleConnections, { [OWN.connectionState]: 'used' })
      observe(waiting, ({ waitingCalls }) => waitingCalls)
      for (const origin of new Set(all.flatMap(({ retryBudgets }) => Object.keys(retryBudgets))))
        observe(budget, ({ retryBudgets }) => retryBudgets[origin] ?? 0, serverAt(origin).attributes)
    }
    meter.addBatchObservableCallback(callback, observed)
    this.#end = () => meter.removeBatchObservableCallback(callback, observed)
  }

  /** @returns the function that ends the observation of this client. Idempotent. */
  add(client: Observed): () => void {
    const ref = new WeakRef(client)
    this.#clients.add(ref)
    return () => this.#clients.delete(ref)
  }

  #stats(): ResilientClientStats[] {
    return [...this.#clients].flatMap((ref) => {
      const stats = ref.deref()?.stats()
      if (stats === undefined) this.#clients.delete(ref)
      return stats ?? []
    })
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
