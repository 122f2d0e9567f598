/**
 * `resilient-responses/testing`: tools for unit tests of a client. Uses no network, no files and no real time. Importing it loads
 * the code that the first call of a process would load, so that no call of a test waits for that.
 */

import { loadAhead } from './load-ahead.ts'

export type { Clock, TimerHandle } from '../core/clock.ts'
export { type Random, seededRandom } from '../core/random.ts'
export { fake, type RespondOptions, type StatusOptions } from './fake-transport/builders.ts'
export type { NetworkErrorCode } from './fake-transport/network-errors.ts'
export type { ExchangeOutcome, RecordedRequest } from './fake-transport/recorded-request.ts'
export type {
  FakeAttempt,
  FakeDelivery,
  FakeEvent,
  FakeFailure,
  FakeHeaders,
  FakeStep,
} from './fake-transport/steps.ts'
export { type FakePlan, FakeTransport, type FakeTransportOptions, type FakeTransportStats } from './fake-transport.ts'
export {
  type FailedOptions,
  failedStream,
  type IncompleteOptions,
  incompleteStream,
  type JsonObject,
  type ReasoningOptions,
  reasoningStream,
  type StreamEvent,
  type StreamOptions,
  type StreamUsage,
  sseFrame,
  type TextOptions,
  type ToolCall,
  type ToolCallOptions,
  textStream,
  toolCallStream,
  toSSE,
} from './streams.ts'
export { type PendingTimer, type TimerCounts, VirtualClock, type VirtualClockOptions } from './virtual-clock.ts'

loadAhead()
