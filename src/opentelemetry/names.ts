/**
 * The names of attributes and metrics. Those of the semantic conventions are copied here, so that users need no other package. A
 * test compares each with `@opentelemetry/semantic-conventions`.
 */

/** Names of the semantic conventions: general, HTTP, GenAI and OpenAI. */
export const CONVENTION = {
  errorType: 'error.type',
  exceptionMessage: 'exception.message',
  exceptionType: 'exception.type',
  httpRequestBodySize: 'http.request.body.size',
  httpRequestMethod: 'http.request.method',
  httpRequestResendCount: 'http.request.resend_count',
  httpResponseStatusCode: 'http.response.status_code',
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  responseTimeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  tokenType: 'gen_ai.token.type',
  usageCachedInputTokens: 'gen_ai.usage.cache_read.input_tokens',
  usageInputTokens: 'gen_ai.usage.input_tokens',
  usageOutputTokens: 'gen_ai.usage.output_tokens',
  usageReasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  openaiApiType: 'openai.api.type',
  openaiServiceTier: 'openai.request.service_tier',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlFull: 'url.full',
} as const

/** Names of this library, where the conventions have no name. */
export const OWN = {
  attempt: 'resilient_responses.attempt',
  attempts: 'resilient_responses.attempts',
  attemptOutcome: 'resilient_responses.attempt.outcome',
  attemptPhase: 'resilient_responses.attempt.phase',
  callId: 'resilient_responses.call_id',
  callOutcome: 'resilient_responses.outcome',
  classifyProblem: 'resilient_responses.problem',
  commitReason: 'resilient_responses.commit.reason',
  connectionReused: 'resilient_responses.connection.reused',
  connectionState: 'resilient_responses.connection.state',
  continuation: 'resilient_responses.continuation',
  deadline: 'resilient_responses.deadline',
  deadlineMs: 'resilient_responses.deadline.ms',
  deadlineSource: 'resilient_responses.deadline.source',
  deadProbability: 'resilient_responses.hedge.dead_probability',
  delayMs: 'resilient_responses.retry.delay_ms',
  effort: 'resilient_responses.request.effort',
  firstEventType: 'resilient_responses.event.type',
  generation: 'resilient_responses.connection.generation',
  giveUpReason: 'resilient_responses.give_up_reason',
  hedgeOutcome: 'resilient_responses.hedge.outcome',
  hedges: 'resilient_responses.hedges',
  label: 'resilient_responses.label',
  lane: 'resilient_responses.retry.lane',
  reason: 'resilient_responses.reason',
  requestId: 'resilient_responses.request_id',
  responseStatus: 'resilient_responses.response.status',
  silentMs: 'resilient_responses.hedge.silent_ms',
  transparent: 'resilient_responses.retry.transparent',
  transport: 'resilient_responses.transport',
  upstreamCode: 'resilient_responses.upstream.code',
  upstreamType: 'resilient_responses.upstream.type',
  waitedMs: 'resilient_responses.queue.waited_ms',
} as const

/** Metrics of the semantic conventions for GenAI clients. */
export const CONVENTION_METRIC = {
  duration: 'gen_ai.client.operation.duration',
  timeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  tokenUsage: 'gen_ai.client.token.usage',
} as const

/** Metrics of this library. */
export const OWN_METRIC = {
  activeCalls: 'resilient_responses.active_calls',
  attempts: 'resilient_responses.attempts',
  connections: 'resilient_responses.connections',
  giveUps: 'resilient_responses.give_ups',
  hedgeRefusals: 'resilient_responses.hedge_refusals',
  hedges: 'resilient_responses.hedges',
  queueDuration: 'resilient_responses.queue.duration',
  retries: 'resilient_responses.retries',
  retryBudget: 'resilient_responses.retry_budget',
  waitingCalls: 'resilient_responses.waiting_calls',
} as const
