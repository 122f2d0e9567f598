import { getEventListeners } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ResilientClientStats } from '../../src/index.ts'
import { canReadProcNet, clientSockets } from '../../test/support/proc-net.ts'
import { count } from './counts.ts'
import type { Sample } from './series.ts'

const gc = globalThis.gc
if (gc === undefined) throw new Error('run with --expose-gc')

type SampledStats = Pick<ResilientClientStats, 'leases' | 'connections' | 'clients'>

/** Looks at everything that a client could leave behind. */
export class Sampler {
  readonly #delay = monitorEventLoopDelay({ resolution: 5 })
  readonly #port: number
  readonly #signal: AbortSignal
  readonly #startedAt = performance.now()

  /** @param signal a long-lived one of the caller's, which all its calls are given. */
  constructor(port: number, signal: AbortSignal) {
    this.#port = port
    this.#signal = signal
    this.#delay.enable()
  }

  take(calls: number, stats: readonly SampledStats[]): Sample {
    const loopDelay = this.#delay.percentile(99) / 1e6
    gc?.()
    // The collection is not part of what is measured.
    this.#delay.reset()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    const handles = count(process.getActiveResourcesInfo())
    const { Timeout = 0, TCPSocketWrap = 0, ...others } = handles
    const { ESTABLISHED = 0, CLOSE_WAIT = 0, ...otherSockets } = canReadProcNet ? clientSockets(this.#port) : {}
    const total = (pick: (of: SampledStats) => number): number => stats.reduce((sum, of) => sum + pick(of), 0)
    return {
      calls,
      atMs: performance.now() - this.#startedAt,
      heap: heapUsed / 1024,
      array_buffers: arrayBuffers / 1024,
      other_external: (external - arrayBuffers) / 1024,
      timers: Timeout,
      socket_handles: TCPSocketWrap,
      other_handles: sumOf(others),
      established: ESTABLISHED,
      close_wait: CLOSE_WAIT,
      other_sockets: sumOf(otherSockets),
      listeners: getEventListeners(this.#signal, 'abort').length,
      leases: total(({ leases }) => leases),
      connections: total(({ connections }) => connections),
      cached_clients: total(({ clients }) => clients),
      loop_delay: loopDelay,
    }
  }

  stop(): void {
    this.#delay.disable()
  }
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, one) => sum + one, 0)
}
