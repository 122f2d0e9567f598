import type { Fault, FaultEffect } from './faults.ts'
import type { MockConnection, MockRequest } from './records.ts'

/** A fault that struck. */
export interface AppliedFault {
  readonly fault: Fault
  readonly connection: MockConnection
  /** `undefined` for a fault at `accept`. */
  readonly request: MockRequest | undefined
}

export interface MockServerStats {
  readonly connections: { readonly total: number; readonly open: number }
  readonly requests: {
    readonly total: number
    /** Without an outcome yet. */
    readonly pending: number
    /** By path, without the query. */
    readonly byPath: Readonly<Record<string, number>>
  }
  /** Of all requests: UTF-8 bytes of `input`, `instructions` and `tools`, divided by 4. */
  readonly inputTokens: number
  /** Faults that struck. */
  readonly faults: { readonly total: number; readonly byEffect: Readonly<Partial<Record<FaultEffect, number>>> }
}
