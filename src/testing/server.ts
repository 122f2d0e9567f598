/**
 * `resilient-responses/testing/server`: a real HTTP(S) server that speaks the Responses API and injects faults from a script.
 */

export type { Framing } from './server/answer.ts'
export type { ScriptEntry, ScriptOptions } from './server/fault-plan.ts'
export type {
  ConnectionFault,
  Fault,
  FaultEffect,
  FaultPoint,
  RequestFault,
  SocketFault,
  WhichEvent,
} from './server/faults.ts'
export { MockResponsesServer } from './server/mock-responses-server.ts'
export type { MockServerOptions } from './server/options.ts'
export type { MockConnection, MockRequest, MockSocket, Outcome } from './server/records.ts'
export type { AppliedFault, MockServerStats, MockTraffic } from './server/report.ts'
export type { MockWebSocketOptions } from './server/socket/options.ts'
export type { Step, Steps } from './server/steps.ts'
