import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import { within } from '../../support/until.ts'
import type { Order, Report, WorkerInput } from './worker.ts'

const FILE = path.join(import.meta.dirname, 'worker.ts')

/** A real process of a fleet. */
export class Worker implements AsyncDisposable {
  readonly reports: Report[] = []
  readonly #child: ChildProcess
  readonly #watchers = new Set<() => void>()

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (report: Report) => {
      this.reports.push(report)
      for (const look of [...this.#watchers]) look()
    })
  }

  static async start(input: WorkerInput): Promise<Worker> {
    const worker = new Worker(fork(FILE, [JSON.stringify(input)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
    await worker.until((reports) => reports.some(({ told }) => told === 'ready'), 'the process is ready')
    return worker
  }

  order(order: Order): void {
    this.#child.send(order)
  }

  /** Gives an order, and waits for the call to end. */
  async ask(
    order: Extract<Order, { do: 'call' | 'retrieve' | 'cancel' }>,
  ): Promise<Extract<Report, { told: 'ended' }>> {
    const before = this.reports.length
    this.order(order)
    await this.until((reports) => reports.slice(before).some(({ told }) => told === 'ended'), `${order.do} ended`)
    return this.reports.slice(before).find((report) => report.told === 'ended') as Extract<Report, { told: 'ended' }>
  }

  until(condition: (reports: readonly Report[]) => boolean, what: string): Promise<void> {
    const done = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!condition(this.reports)) return
        this.#watchers.delete(look)
        resolve()
      }
      this.#watchers.add(look)
      look()
    })
    return within(done, what, 20_000)
  }

  get ended(): ReadonlyArray<Extract<Report, { told: 'ended' }>> {
    return this.reports.filter((report) => report.told === 'ended')
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }

  /** Closes its client, which gives everything back, and ends. Fails if anything keeps the process alive. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.order({ do: 'close' })
    await within(gone, 'the process ends by itself', 20_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
