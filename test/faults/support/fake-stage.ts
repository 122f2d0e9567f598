import { expect } from 'vitest'
import { ResilientClient } from '../../../src/index.ts'
import { type FakeAttempt, FakeTransport, type JsonObject, VirtualClock } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { type Act, ANSWER } from './acts.ts'
import { fakeAttempt, fakeLookup } from './fake-attempt.ts'
import type { Face } from './outcome.ts'
import type { Case } from './row.ts'
import { type SeenRequest, Stage } from './stage.ts'

type Recorded = FakeTransport['requests'][number]

/** A client on a fake transport, in virtual time. */
export class FakeStage extends Stage {
  readonly on = 'fakes'
  readonly clock = new VirtualClock()
  readonly client: ResilientClient
  readonly url = 'https://api.test'
  readonly transport: FakeTransport
  readonly #case: Case
  readonly #planned: Act[] = []
  readonly #plannedFor = new Map<string, Act[]>()
  #always: { fault: Fault; when: (request: SeenRequest) => boolean } | undefined
  #struck = 0
  #moving: Promise<unknown> = Promise.resolve()

  constructor(face: Face, given: Case) {
    super(face)
    this.#case = given
    const { options, endpoint = [], always } = given
    this.plays(endpoint)
    if (always !== undefined) this.always(always)
    this.transport = new FakeTransport((request) => this.#next(request), { clock: this.clock })
    this.client = new ResilientClient({
      transport: this.transport,
      clock: this.clock,
      random: () => 0.5,
      baseURL: `${this.url}/v1`,
      apiKey: 'sk-test',
      ...options,
      onEvent: (event) => {
        this.telemetry.push(event)
        options?.onEvent?.(event)
      },
    })
  }

  get requests(): readonly SeenRequest[] {
    return this.transport.requests.map(seen)
  }

  plays(acts: readonly Act[], { call }: { readonly call?: string } = {}): void {
    if (call === undefined) this.#planned.push(...acts)
    else this.#plannedFor.set(call, [...(this.#plannedFor.get(call) ?? []), ...acts])
  }

  always(fault: Fault, when: (request: SeenRequest) => boolean = () => true): void {
    this.#always = { fault, when }
  }

  calm(): void {
    this.#always = undefined
  }

  async struck(count = 1): Promise<void> {
    for (let looks = 0; this.#struck < count && looks < 1000; looks++) await this.settle()
    expect(this.#struck).toBeGreaterThanOrEqual(count)
    await this.settle()
  }

  pass(ms: number): Promise<void> {
    return this.#move(() => this.clock.advance(ms))
  }

  jump(ms: number): void {
    this.clock.jump(ms)
  }

  settle(): Promise<void> {
    return this.#move(() => this.clock.settle())
  }

  protected follow(outcome: Promise<unknown>): void {
    let over = false
    void outcome.then(() => {
      over = true
    })
    const flow = async (): Promise<void> => {
      while (!over) await this.#move(() => (over ? Promise.resolve() : this.#step()))
    }
    void flow()
  }

  async nothingIsLeft(): Promise<void> {
    await this.pass(200)
    await this.client.close()
    // Its owner is the test.
    await this.transport.close()
    this.expectClientDone()
    this.transport.assertConsumed({ allowHangUp: this.#case.hangsUp ?? false })
    this.transport.assertNothingLeft()
    this.clock.assertNothingPending()
    expect([...this.#planned, ...[...this.#plannedFor.values()].flat()]).toEqual([])
  }

  async end(): Promise<void> {
    await this.client.destroy()
  }

  /** To the next timer, where time passes by itself. */
  async #step(): Promise<void> {
    await this.clock.settle()
    const [next] = this.clock.pending()
    if (this.#case.time !== 'by_hand' && next !== undefined) await this.clock.advance(Math.max(0, next.inMs))
  }

  /** One at a time: several calls may wait for the same clock. */
  #move<T>(move: () => Promise<T>): Promise<T> {
    const moved = this.#moving.then(move)
    this.#moving = moved.catch(() => {})
    return moved
  }

  #next(request: Recorded): FakeAttempt {
    const own = this.#plannedFor.get(request.header('x-mock-call') ?? '') ?? []
    const standing = this.#always?.when(seen(request)) ? this.#always.fault : 'ok'
    const act = own.shift() ?? this.#planned.shift() ?? standing
    const events = this.#answer(this.transport.requests.length)
    const { everyMs = 0 } = this.#case
    if (act !== 'ok') {
      this.#struck++
      return fakeAttempt(act, events, everyMs)
    }
    const isCreate = request.method === 'POST' && new URL(request.url).pathname.endsWith('/responses')
    return isCreate ? fakeAttempt([], events, everyMs) : fakeLookup(request, events)
  }

  #answer(request: number): readonly JsonObject[] {
    const { answer = ANSWER } = this.#case
    return typeof answer === 'function' ? answer(request) : answer
  }
}

function seen(request: Recorded): SeenRequest {
  const { pathname, search } = new URL(request.url)
  return {
    method: request.method,
    path: pathname + search,
    get text() {
      return request.text
    },
    get json() {
      return request.json
    },
    header: (name) => request.header(name),
    get connection() {
      const id = request.carriedBy?.connectionId
      return id === undefined ? undefined : Number(id)
    },
    get reused() {
      return request.carriedBy?.reused ?? false
    },
    get hungUp() {
      return request.outcome === 'destroyed'
    },
  }
}
