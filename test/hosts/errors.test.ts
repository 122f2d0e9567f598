import { expect, it } from 'vitest'
import { findResilientError, type TelemetryEvent } from '../../src/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { outcomeOf } from '../e2e/support/calls.ts'
import { inVirtualTime } from '../e2e/support/virtual-time.ts'
import { ANSWER_TEXT, CUT_AFTER_OUTPUT, SILENT_BEHIND_CREATED } from './support/failures.ts'
import { answerOf, read } from './support/host.ts'
import { withUs } from './support/outcome.ts'
import { forEachHost } from './support/world.ts'

const status = (code: number, headers: Record<string, string> = {}, body?: object): Fault => ({
  at: 'headers',
  effect: 'status',
  status: code,
  headers: { 'x-request-id': `req_${code}`, ...headers },
  ...(body && { body }),
})

const failing = (fault: Fault) => ({ faults: [{ ...fault, label: 'always' }] })
const RESET: Fault = { at: 'headers', effect: 'reset' }

/** What the openai SDK, and agents-js with it, calls each status. The AI SDK has one class, and `statusCode`. */
const CLASS_OF: ReadonlyArray<readonly [status: number, name: string, code?: string]> = [
  [400, 'BadRequestError'],
  [401, 'AuthenticationError', 'invalid_api_key'],
  [403, 'PermissionDeniedError', 'unsupported_country_region_territory'],
  [404, 'NotFoundError'],
  [409, 'ConflictError', 'conversation_locked'],
  [422, 'UnprocessableEntityError'],
  [429, 'RateLimitError', 'rate_limit_exceeded'],
  [500, 'InternalServerError'],
  [503, 'InternalServerError', 'server_is_overloaded'],
]

await forEachHost((version, start, way) => {
  const { kind, describe, requestId } = version
  const isAi = kind === 'ai'

  it.for(CLASS_OF)(
    'maps status %i to its own class, and keeps the request id',
    async ([code, className, errorCode]) => {
      const { host, server } = await start({ client: { maxRetries: 0 } })
      for (const call of [() => answerOf(host.stream()), () => host.create()]) {
        server.script([status(code)])
        const { error } = await outcomeOf(call())
        expect(describe(error)).toBe(
          isAi ? `APICallError ${code}` : [className, code, errorCode].filter(Boolean).join(' '),
        )
        expect(requestId(error)).toBe(`req_${code}`)
      }
      expect(server.requests).toHaveLength(2)
    },
  )

  it.for([
    [
      'an endpoint that sheds load',
      status(503),
      isAi ? 'APICallError 503' : 'InternalServerError 503 server_is_overloaded',
    ],
    ['connections that are reset', RESET, isAi ? 'APICallError' : 'APIConnectionError'],
  ] as const)('makes as many requests as we are told to, with its own retries off: %s', async ([, fault, expected]) => {
    const { host, server } = await start({ client: { maxRetries: 2 }, server: failing(fault) })
    const { error } = await outcomeOf(answerOf(host.stream()))
    expect(describe(error)).toBe(expected)
    expect(server.requests).toHaveLength(3)
  })

  it('says that a silent endpoint timed out, with our error and its history inside', async () => {
    const { host, server } = await start({
      client: { maxRetries: 1, timeouts: { ttfbMs: 100 } },
      server: failing({ at: 'headers', effect: 'stall' }),
    })
    const { error } = await outcomeOf(answerOf(host.stream()))
    expect(describe(error)).toBe(isAi ? 'APICallError' : 'APIConnectionTimeoutError')
    expect((error as Error).message).toContain('timed out')
    expect(findResilientError(error)).toMatchObject({ code: 'ttfb_timeout', retryable: true, attempts: { length: 2 } })
    expect(server.requests).toHaveLength(2)
  })

  it('never waits for itself: we do what Retry-After says', async () => {
    const clock = new VirtualClock()
    const decisions: unknown[] = []
    const onEvent = (event: TelemetryEvent) => {
      if (event.type === 'retry_decision') decisions.push(event.decision)
    }
    // Without the jitter that is added to a hint.
    const { host, server, client } = await start({ client: { clock, onEvent, random: () => 0 } })
    server.script([status(429, { 'retry-after': '7' }), status(503, { 'retry-after-ms': '1500' }), 'ok'])
    const { text } = await inVirtualTime(answerOf(host.stream()), { clock, client, server })
    expect(text).toBe(ANSWER_TEXT)
    expect(decisions).toMatchObject([
      { retry: true, delayMs: 7_000 },
      { retry: true, delayMs: 1_500 },
    ])
  })

  it('hears of a Retry-After that is too long at once', async () => {
    const { host, server } = await start()
    server.script([status(429, { 'retry-after': '3600' })])
    const { error } = await outcomeOf(answerOf(host.stream()))
    expect(describe(error)).toContain('429')
    expect(requestId(error)).toBe('req_429')
    expect(server.requests).toHaveLength(1)
  })

  it('does not notice a silence after `response.created`, with an `idleMs` below `commitAfterMs`', async () => {
    const options = { timeouts: { idleMs: 200_000 }, commitAfterMs: 240_000, webSocket: way === 'websocket' }
    expect(await withUs(version, SILENT_BEHIND_CREATED, {}, options)).toBe('complete at request 2')
  })

  it('gets what came of a stream that is cut, and then an error: never a clean end', async () => {
    const { host, server } = await start()
    server.script([CUT_AFTER_OUTPUT.faults])
    const { answer, error } = await read(host.stream())
    expect(ANSWER_TEXT.startsWith(answer.text) && answer.text !== '').toBe(true)
    expect(answer.finished).toBe(false)
    expect(findResilientError(error)).toMatchObject({
      name: 'StreamInterruptedError',
      // A WebSocket is closed where a body of HTTP only ends.
      code: way === 'http' ? 'stream_incomplete' : 'socket_closed',
      responseId: 'resp_answer',
    })
  })

  it('gets a refusal that comes inside of the stream with its code', async () => {
    const error = { code: 'context_length_exceeded', message: 'Your input is too long.', type: 'invalid_request_error' }
    const { host, server } = await start()
    server.script([
      [
        { at: 'before_event', event: 2, effect: 'event', events: [{ type: 'error', sequence_number: 2, error }] },
        { at: 'before_event', event: 2, effect: 'eof' },
      ],
    ])
    const outcome = await outcomeOf(answerOf(host.stream()))
    expect(String((outcome.error as Error).message)).toContain('too long')
    expect(server.requests).toHaveLength(1)
  })
})
