import { getEventListeners } from 'node:events'
import { expect } from 'vitest'
import type { Clock } from '../../../src/core/clock.ts'
import type { ResilientClient, ResilientError, TelemetryEvent } from '../../../src/index.ts'
import { type JsonObject, toSSE } from '../../../src/testing/index.ts'
import type { Fault } from '../../../src/testing/server.ts'
import { within } from '../../support/until.ts'
import { type Act, ANSWER } from './acts.ts'
import { type Face, type Outcome, outcomeOf } from './outcome.ts'

/** A request as the endpoint got it. */
export interface SeenRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly text: string
  readonly json: unknown
  header(name: string): string | undefined
  /** Number of the connection that carried it; `undefined` where none came about. */
  readonly connection: number | undefined
  /** Whether its connection had carried another request before. */
  readonly reused: boolean
  /** Whether the client has closed the connection in front of the end of the answer. */
  readonly hungUp: boolean
}

export interface CallOptions {
  readonly headers?: Record<string, string>
  /** The address for the drop-in, where it is not the endpoint's. */
  readonly url?: string
  /** Nothing of what comes is kept. */
  readonly forget?: boolean
}

/** One client in front of one endpoint, and the check that a scenario left nothing behind. */
export abstract class Stage {
  abstract readonly on: 'fakes' | 'sockets'
  abstract readonly clock: Clock
  abstract readonly client: ResilientClient
  /** The origin of the endpoint. */
  abstract readonly url: string
  /** Every request so far, in order. */
  abstract readonly requests: readonly SeenRequest[]
  readonly face: Face
  readonly telemetry: TelemetryEvent[] = []
  controller = new AbortController()

  constructor(face: Face) {
    this.face = face
  }

  /** What the endpoint does with the next attempts; with `call`: with those whose header `x-mock-call` says so. */
  abstract plays(acts: readonly Act[], options?: { readonly call?: string }): void
  /** What the endpoint does with every attempt that no act is planned for, until `calm()`. */
  abstract always(fault: Fault, when?: (request: SeenRequest) => boolean): void
  abstract calm(): void
  /** Waits until the endpoint has played `count` acts that are faults; time stands still meanwhile. */
  abstract struck(count?: number): Promise<void>
  /** Lets time pass. */
  abstract pass(ms: number): Promise<void>
  /** Time leaps while nothing runs, as for a machine that sleeps. */
  abstract jump(ms: number): void
  /** Lets all happen that can happen without time passing. */
  abstract settle(): Promise<void>
  /** Ends client and endpoint, and checks that nothing of either is left. */
  abstract nothingIsLeft(): Promise<void>
  /** Ends everything at once, whatever its state. */
  abstract end(): Promise<void>
  /** Lets time pass for a call, where it passes by itself. */
  protected abstract follow(outcome: Promise<unknown>): void

  /** Starts a call through the face of this stage, and waits for its outcome. */
  async call(body: JsonObject = {}, options: CallOptions = {}): Promise<Outcome> {
    const { client, face, controller } = this
    const { headers = {}, url = this.url, forget = false } = options
    const given = { client, face, url, headers, forget, signal: controller.signal }
    const outcome = outcomeOf({ ...given, body: { model: 'm', input: 'hi', ...body } })
    this.follow(outcome)
    return within(outcome, () => this.report(), 25_000)
  }

  /** For calls after one that was aborted. */
  renewSignal(): void {
    expect(getEventListeners(this.controller.signal, 'abort')).toEqual([])
    this.controller = new AbortController()
  }

  /** Why attempts failed, in order. */
  get codes(): string[] {
    return this.decisions.map(({ code }) => code)
  }

  get decisions() {
    return this.telemetry.flatMap((event) =>
      event.type === 'retry_decision' ? [{ code: event.code, ...event.decision }] : [],
    )
  }

  count(type: TelemetryEvent['type']): number {
    return this.telemetry.filter((event) => event.type === type).length
  }

  /** The caller saw one clean answer, and nothing of what went before. */
  expectWhole({ events, response, text, error }: Outcome, answer: readonly JsonObject[] = ANSWER): void {
    expect(error).toBeUndefined()
    if (this.face === 'stream') expect(events).toEqual(answer)
    if (this.face === 'fetch') expect(text).toBe(toSSE(answer))
    expect(response).toMatchObject({ output: (answer.at(-1) as { response: JsonObject }).response.output })
  }

  /** The call ended with an error of ours, in the shape that its face promises. */
  expectFailed({ error, failure }: Outcome, code: string | RegExp): ResilientError {
    if (failure === undefined) throw new Error(`expected ${code}; the outcome is ${String(error ?? 'no error')}`)
    expect(failure.code).toEqual(matching(code))
    if (this.face === 'fetch') expect(error).toBeInstanceOf(TypeError)
    else expect(error).toBe(failure)
    return failure
  }

  /** The endpoint's own answer came out: as it was from the drop-in, as an error from the typed API. */
  expectAnswered(outcome: Outcome, status: number): void {
    if (this.face !== 'fetch') expect(outcome.failure).toMatchObject({ status })
    else {
      expect(outcome.error).toBeUndefined()
      expect(outcome.status).toBe(status)
    }
  }

  /** Same bytes in every request. */
  expectSameBytes(): void {
    expect(new Set(this.requests.map(({ text }) => text)).size).toBe(1)
  }

  /** What holds of every client that is closed. */
  protected expectClientDone(): void {
    expect(this.client.stats()).toMatchObject({
      activeCalls: 0,
      connections: 0,
      idleConnections: 0,
      leases: 0,
      clients: 0,
    })
    expect(getEventListeners(this.controller.signal, 'abort')).toEqual([])
    expect(this.count('attempt_start')).toBe(this.count('attempt_end'))
    expect(this.count('call_start')).toBe(this.count('call_end'))
    const ids = this.telemetry.flatMap((event) => (event.type === 'call_end' ? [event.callId] : []))
    expect(new Set(ids).size).toBe(ids.length)
  }

  protected report(): string {
    return `an outcome; told so far: ${this.telemetry.map(({ type }) => type).join(', ')}`
  }
}

export function matching(code: string | RegExp): unknown {
  return typeof code === 'string' ? code : expect.stringMatching(code)
}
