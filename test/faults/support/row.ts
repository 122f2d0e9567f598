import type { ResilientClientOptions } from '../../../src/index.ts'
import type { JsonObject } from '../../../src/testing/index.ts'
import type { Fault, MockServerOptions } from '../../../src/testing/server.ts'
import type { RawRequest } from '../../support/http-request.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import type { Act } from './acts.ts'
import type { Face, Outcome } from './outcome.ts'
import type { Scheme, SocketStage } from './socket-stage.ts'
import type { Stage } from './stage.ts'

/** A fault that the library must survive. */
export interface Row {
  readonly title: string
  /** What the caller gets. `retried`: a new attempt with the same bytes on another client; nothing of the failed one is seen. */
  readonly expectation: string
  readonly cases: readonly Case[]
  /** Tests of other folders that show a part of it: a file, and words of the title of a test in it. */
  readonly elsewhere?: ReadonlyArray<readonly [file: string, words: string]>
}

/** Rows by the number of the fault. */
export type Chapter = Readonly<Record<string, Row>>

/**
 * What a face must see.
 *
 * - `answer`: one clean answer, and nothing of what went before;
 * - `error`: an error of this library, in the shape of the face;
 * - `interrupted`: what had come, then an interruption. `create()` has shown nothing: it asks again and gets the answer;
 * - `status`: the endpoint's own answer, an error in the typed API;
 * - `reported`: the endpoint's failure inside the stream, an error in the typed API; the events in front of it are seen.
 */
export type Sees =
  | 'answer'
  | { readonly error: Code; readonly with?: object }
  | { readonly interrupted: Code; readonly heard?: readonly JsonObject[]; readonly with?: object }
  | { readonly status: number }
  | { readonly reported: string; readonly events: readonly JsonObject[] }

/** Where the operating system decides which of several codes it is: a pattern. */
export type Code = string | RegExp

/** One way in which a fault shows itself. Unless it says otherwise: over fakes and over sockets, through every face, one call. */
export interface Case {
  /** What sets it apart from the other cases of its row. */
  readonly what?: string
  /** What the endpoint does, attempt by attempt. Every further attempt is answered. */
  readonly endpoint?: readonly Act[]
  /** What every attempt meets that `endpoint` says nothing about. */
  readonly always?: Fault
  /** Events of an answer; a function is given the number of the request. Default: `ANSWER`. */
  readonly answer?: readonly JsonObject[] | ((request: number) => readonly JsonObject[])
  /** Milliseconds between two events of an answer. Default: 0. */
  readonly everyMs?: number
  readonly options?: ResilientClientOptions
  /** Fields of the request, beside a model and an input. */
  readonly body?: JsonObject
  /** Default: all. */
  readonly faces?: readonly Face[]
  /** Where alone it can be shown, and why. */
  readonly only?: { readonly on: 'fakes' | 'sockets'; readonly because: string }
  /**
   * `stalls`: when a stall has struck, time passes until something gives it up. `flows`: whatever is waited for comes at
   * once, while a call is under way. `by_hand`: time passes only when the test says so. Fakes know no difference between the
   * first two. Default: `stalls`.
   */
  readonly time?: 'stalls' | 'flows' | 'by_hand'
  /** Whether the client hangs up on what the endpoint has still to send. Default: false. */
  readonly hangsUp?: boolean
  /** What the faces see of the one call. Default: `answer`. */
  readonly sees?: Sees | Readonly<Partial<Record<Face, Sees>>>
  /** Why attempts failed, in order. Not looked at for `create()` where `sees` is an interruption. */
  readonly codes?: readonly Code[]
  /** The retry decisions, in order: a part of each. */
  readonly decisions?: readonly object[]
  /** How many requests the endpoint got. */
  readonly requests?: number
  /** How long the call took, in milliseconds: at least, at most. The latter over fakes alone: sockets take as long as the machine. */
  readonly tookMs?: readonly [least: number, most: number]
  /** What else is to be seen of the one call. */
  readonly check?: (stage: Stage, outcome: Outcome) => void | Promise<void>
  /** In place of one call: what callers do, step by step. */
  readonly play?: (stage: Stage) => Promise<void>
  /** What only sockets have. `play` stands in for that of the case. */
  readonly sockets?: SocketSetting
}

export interface SocketSetting {
  /** Default: all. */
  readonly schemes?: readonly Scheme[]
  readonly server?: MockServerOptions
  /** A server without a protocol, in place of the mock server: called for every request. */
  readonly raw?: (request: RawRequest, connection: RawConnection) => void | Promise<void>
  /** Opens what stands beside the endpoint: a proxy, another endpoint. */
  readonly beside?: () => Promise<Beside>
  readonly play?: (stage: SocketStage) => Promise<void>
}

/** Closed when the client is, and before the check that nothing is left. Closing checks what is to be seen of it. */
export interface Beside extends AsyncDisposable {
  readonly options?: ResilientClientOptions
}
