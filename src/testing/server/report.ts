import type { Fault, FaultEffect } from './faults.ts'
import type { MockConnection, MockRequest, MockSocket } from './records.ts'

/** A fault that struck. */
export interface AppliedFault {
  readonly fault: Fault
  readonly connection: MockConnection
  /** `undefined` over HTTP, and at `accept`. */
  readonly socket: MockSocket | undefined
  /** `undefined` for a fault at `accept`, or of a WebSocket before its requests. */
  readonly request: MockRequest | undefined
}

/** Totals over all requests. */
export interface MockTraffic {
  readonly requests: number
  /** Bytes of the bodies and messages as they arrived: not decoded. */
  readonly bodyBytes: number
  /** UTF-8 bytes of `input`, `instructions` and `tools`, divided by 4: what was sent, not what the model knew. */
  readonly inputTokens: number
  /** Events of the answers, injected ones not counted. */
  readonly sentEvents: number
}

/** Counts of the mock server, from its start. */
export interface MockServerStats {
  readonly connections: { readonly total: number; readonly open: number }
  readonly requests: {
    readonly total: number
    /** Requests without an outcome yet. */
    readonly pending: number
    /** By path, without the query. */
    readonly byPath: Readonly<Record<string, number>>
  }
  readonly sockets: {
    /** Upgrades that arrived. */
    readonly total: number
    readonly open: number
    /** Upgrades that were answered with something other than 101. */
    readonly refused: number
    readonly receivedMessages: number
    readonly receivedBytes: number
    readonly sentMessages: number
    readonly sentBytes: number
  }
  readonly byTransport: Readonly<Record<MockRequest['transport'], MockTraffic>>
  /** By the call that requests name; see `MockRequest.call`. */
  readonly byCall: Readonly<Record<string, MockTraffic>>
  /** Of all requests: UTF-8 bytes of `input`, `instructions` and `tools`, divided by 4. */
  readonly inputTokens: number
  /** Faults that struck. */
  readonly faults: { readonly total: number; readonly byEffect: Readonly<Partial<Record<FaultEffect, number>>> }
}
