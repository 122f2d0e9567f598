import type { Clock, TimerHandle } from '../../core/clock.ts'
import type { Exchange, ExchangeObserver, TransportAbilities, TransportRequest } from '../../transport/transport.ts'
import type { FakeLease } from './connections.ts'
import { blamesConnection, networkError } from './network-errors.ts'
import { Pace } from './pace.ts'
import type { RecordedRequest } from './recorded-request.ts'
import { RequestReader } from './request-reader.ts'
import type { Action, Script } from './script.ts'
import { type FakeStep, headerPairs } from './steps.ts'

/** Limits of the transport port for reading after `drain()`. */
const DRAIN_MS = 100
const DRAIN_BYTES = 64 * 1024

export interface ExchangeSetup {
  readonly request: TransportRequest
  readonly record: RecordedRequest
  readonly script: Script
  readonly observer: ExchangeObserver
  readonly abilities: TransportAbilities
  readonly clock: Clock
  readonly lease: FakeLease
  readonly onOver: () => void
}

/** Plays a script to an observer, following the rules of the transport port. */
export class FakeExchange implements Exchange {
  readonly #setup: ExchangeSetup
  readonly #pace: Pace
  readonly #body: RequestReader
  /** `failing`: an error will be reported next, and nothing else may be. */
  #mode: 'reporting' | 'draining' | 'failing' | 'over' = 'reporting'
  /** What the next action of the script waits for. */
  #waitsFor: 'time' | 'nothing_ever' | 'request_body' | undefined
  #next = 0
  #begun = 0
  #playing = false
  #paused = false
  #repeatIsDue = false
  #keepAlive = true
  #drainTimer: TimerHandle | undefined
  #drainedBytes = 0
  #cutWhileWaiting = false

  constructor(setup: ExchangeSetup) {
    this.#setup = setup
    this.#pace = new Pace(setup.clock)
    this.#body = new RequestReader(setup.request.body, setup.record)
    setup.record.follow(() => this.unplayed)
    this.#playSoon()
  }

  /** Planned steps that have not begun. */
  get unplayed(): readonly FakeStep[] {
    const { steps, startsAt } = this.#setup.script
    return steps.filter((_, n) => startsAt[n]! >= this.#begun)
  }

  /** Planned steps that a test should know about: not those after a wait that was cut short, or after a drain. */
  get missed(): readonly FakeStep[] {
    const forgiven = this.#cutWhileWaiting || this.#setup.record.outcome === 'drained'
    return forgiven ? [] : this.unplayed
  }

  get timers(): number {
    return Number(this.#pace.armed) + Number(this.#drainTimer !== undefined)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#pace.release()
    this.#playSoon()
  }

  destroy(): void {
    if (this.#mode === 'over') return
    this.#cutWhileWaiting = this.#waitsFor !== undefined
    this.#finish('destroyed', 'close')
  }

  drain(): void {
    if (this.#mode !== 'reporting') return
    this.#mode = 'draining'
    this.#setup.record.outcome = 'drained'
    this.#drainTimer = this.#setup.clock.setTimer(() => this.#finish('drained', 'close'), DRAIN_MS, { unref: true })
    this.resume()
  }

  poison(reason: string): void {
    this.#setup.record.poisonReasons.push(reason)
    this.#setup.lease.poison(reason)
  }

  /** The transport is destroyed: the observer is told soon, unless it ends the exchange first. */
  async abort(error: Error): Promise<void> {
    if (this.#mode === 'draining') this.#finish('drained', 'close')
    if (this.#mode !== 'reporting') return
    this.#mode = 'failing'
    this.#cutWhileWaiting = true
    await Promise.resolve()
    if (this.#mode === 'failing') this.#fail(error, { blame: 'nothing' })
  }

  #playSoon(): void {
    // A promise job, because fake timers do not replace it as they do ticks and timers.
    void Promise.resolve().then(() => this.#play())
  }

  #play(): void {
    if (this.#playing) return
    this.#playing = true
    try {
      while (this.#canGoOn()) {
        const action = this.#setup.script.actions[this.#next++]!
        this.#begun = Math.max(this.#begun, this.#next)
        this.#act(action)
      }
    } finally {
      this.#playing = false
    }
  }

  #canGoOn(): boolean {
    if (this.#mode === 'over' || this.#mode === 'failing' || this.#waitsFor !== undefined) return false
    const isHeld = this.#paused && this.#mode === 'reporting' && this.#isRead(this.#setup.script.actions[this.#next]!)
    if (isHeld) this.#pace.hold()
    return !isHeld
  }

  /** Whether the client notices an action only by reading. */
  #isRead(action: Action): boolean {
    switch (action.do) {
      case 'head':
      case 'data':
      case 'end':
        return true
      case 'fail':
        return action.phase === 'read'
      case 'repeat':
        return this.#repeatIsDue
      case 'open':
      case 'opened':
      case 'write':
      case 'wait':
      case 'hang':
        return false
    }
  }

  #act(action: Action): void {
    const { record, lease, abilities, observer } = this.#setup
    switch (action.do) {
      case 'open': {
        const newConnection = action.newConnection || (abilities.choosesConnection && record.connection === 'fresh')
        record.carriedBy = lease.open({ newConnection })
        if (abilities.seesConnect && !record.carriedBy.reused) this.#report(() => observer.connecting())
        return
      }
      case 'opened':
        if (abilities.seesConnect) this.#report(() => observer.connected(record.carriedBy!))
        return
      case 'write':
        if (this.#body.isStreamed) void this.#writeStream(action)
        else this.#written(action)
        return
      case 'wait':
        this.#wait(action.ms)
        return
      case 'hang':
        this.#waitsFor = 'nothing_ever'
        return
      case 'head': {
        const headers = headerPairs(action.headers)
        this.#keepAlive = !headers.some(([name, value]) => name === 'connection' && /\bclose\b/i.test(value))
        this.#report(() => observer.head({ status: action.status, statusText: action.statusText, headers }))
        return
      }
      case 'data':
        this.#data(action.bytes)
        return
      case 'repeat':
        // The action stays the next one: deliveries and waits alternate.
        this.#next--
        this.#repeatIsDue = !this.#repeatIsDue
        if (this.#repeatIsDue) this.#wait(action.everyMs)
        else this.#data(action.bytes)
        return
      case 'end':
        if (this.#finish('ended', this.#keepAlive ? 'keep' : 'close') === 'reporting') observer.end()
        return
      case 'fail': {
        const { error, phase } = action
        this.#fail(typeof error === 'string' ? networkError(error, this.#setup.request.url, phase) : error)
        return
      }
    }
  }

  #wait(ms: number): void {
    const waits = this.#pace.wait(ms, () => {
      this.#waitsFor = undefined
      this.#play()
    })
    if (waits) this.#waitsFor = 'time'
  }

  async #writeStream(action: { readonly all: boolean }): Promise<void> {
    this.#waitsFor = 'request_body'
    try {
      await this.#body.read(action.all ? 'all' : 'part', () => this.#sending())
    } catch (error) {
      // The body failed: the connection is lost, but is not the cause.
      if (this.#mode !== 'over' && this.#mode !== 'failing') this.#fail(error, { blame: 'nothing' })
      return
    }
    this.#waitsFor = undefined
    if (action.all) this.#sent()
    this.#play()
  }

  #written(action: { readonly all: boolean }): void {
    this.#sending()
    if (action.all) this.#sent()
  }

  #sending(): void {
    if (this.#setup.abilities.seesSent) this.#report(() => this.#setup.observer.sending())
  }

  #sent(): void {
    if (this.#mode === 'over' || this.#mode === 'failing') return
    this.#setup.record.sent = true
    if (this.#setup.abilities.seesSent) this.#report(() => this.#setup.observer.sent())
  }

  #data(bytes: Uint8Array): void {
    this.#report(() => this.#setup.observer.data(bytes.slice()))
    if (this.#mode !== 'draining') return
    this.#drainedBytes += bytes.length
    if (this.#drainedBytes > DRAIN_BYTES) this.#finish('drained', 'close')
  }

  #fail(error: unknown, options: { readonly blame: 'connection' | 'nothing' } = { blame: 'connection' }): void {
    const { code, name } = error as { readonly code?: unknown; readonly name?: string }
    const poisons = options.blame === 'connection' && this.#mode === 'reporting' && blamesConnection(code)
    if (poisons) this.poison(String(code ?? name))
    if (this.#finish('failed', 'close') !== 'draining') this.#setup.observer.error(error)
  }

  #report(report: () => void): void {
    if (this.#mode === 'reporting') report()
  }

  /** Ends the exchange once. Returns its state until then. */
  #finish(outcome: RecordedRequest['outcome'], connection: 'keep' | 'close'): string {
    const { clock, record, lease, onOver } = this.#setup
    const before = this.#mode
    if (before === 'over') return before
    this.#mode = 'over'
    if (record.outcome === 'open') record.outcome = outcome
    this.#pace.stop()
    if (this.#drainTimer !== undefined) clock.clearTimer(this.#drainTimer)
    this.#drainTimer = undefined
    this.#body.stop()
    lease.end(connection)
    onOver()
    return before
  }
}
