import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { seededRandom, textStream } from '../../src/testing/index.ts'
import { type MockRequest, MockResponsesServer } from '../../src/testing/server.ts'
import { type Sdk, startSdk, treeOf } from './rig.ts'

const QUICK: ResilientClientOptions = { random: seededRandom(1), retry: { baseDelayMs: 1, maxDelayMs: 1 } }

let sdk: Sdk
let server: MockResponsesServer
let client: ResilientClient | undefined
beforeEach(async () => {
  sdk = startSdk()
  server = await MockResponsesServer.start({ respond: () => textStream({ text: 'Hello' }) })
})
afterEach(async () => {
  await client?.close()
  expect(client?.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0 })
  client = undefined
  await server.close()
  await sdk.stop()
})

function start(options: ResilientClientOptions = {}): ResilientClient {
  client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'sk-planted-key',
    instrumentations: [openTelemetry()],
    ...QUICK,
    ...options,
  })
  return client
}

const outcome = ({ name, attributes, status }: ReadableSpan): string =>
  [
    name,
    attributes['resilient_responses.attempt'] ?? '',
    attributes['resilient_responses.attempt.outcome'] ?? attributes['resilient_responses.outcome'] ?? '',
    status.code === SpanStatusCode.ERROR ? `error:${attributes['error.type']}` : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
const traceparent = (request: MockRequest | undefined): string => String(request?.headers.traceparent ?? '')
const parentOf = (span: ReadableSpan | undefined): string =>
  `00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`
const attemptsOf = (spans: readonly ReadableSpan[]) =>
  spans
    .filter(({ attributes }) => attributes['resilient_responses.attempt.outcome'] !== undefined)
    .sort(
      (a, b) =>
        Number(a.attributes['resilient_responses.attempt']) - Number(b.attributes['resilient_responses.attempt']),
    )

describe('the spans of a call', () => {
  it('are one for the call, below the span of the caller, and one below it for each attempt, whose context the endpoint sees', async () => {
    server.script([{ at: 'headers', effect: 'status', status: 503 }, { at: 'headers', effect: 'reset' }, 'ok'])
    const response = await sdk.tracerProvider.getTracer('test').startActiveSpan('agent turn', async (turn) => {
      const made = await start({ label: 'main' }).responses.create({
        model: 'gpt-5',
        input: 'planted prompt',
        reasoning: { effort: 'high' },
      })
      turn.end()
      return made
    })
    expect(treeOf(sdk.spans, outcome)).toEqual([
      'agent turn',
      '  chat gpt-5 completed',
      '    POST 1 answered error:http_status',
      '    POST 2 failed error:connection_reset',
      '    POST 3 committed',
    ])
    const call = sdk.spans.find(({ name }) => name === 'chat gpt-5')
    expect(call?.kind).toBe(SpanKind.CLIENT)
    expect(call?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.request.stream': true,
      'gen_ai.response.id': response.id,
      'gen_ai.response.model': response.model,
      'gen_ai.response.time_to_first_chunk': expect.any(Number),
      'gen_ai.usage.input_tokens': response.usage?.input_tokens,
      'gen_ai.usage.output_tokens': response.usage?.output_tokens,
      'gen_ai.usage.cache_read.input_tokens': response.usage?.input_tokens_details.cached_tokens,
      'gen_ai.usage.reasoning.output_tokens': response.usage?.output_tokens_details.reasoning_tokens,
      'openai.api.type': 'responses',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(server.baseURL).port),
      'resilient_responses.attempts': 3,
      'resilient_responses.call_id': expect.any(Number),
      'resilient_responses.continuation': false,
      'resilient_responses.label': 'main',
      'resilient_responses.outcome': 'completed',
      'resilient_responses.request.effort': 'high',
      'resilient_responses.response.status': 'completed',
    })
    expect(call?.status.code).toBe(SpanStatusCode.UNSET)
    expect(call?.events.map(({ name, attributes }) => [name, attributes?.['error.type']])).toEqual([
      ['retry', 'http_status'],
      ['retry', 'connection_reset'],
    ])
    const attempts = attemptsOf(sdk.spans)
    expect(server.requests.map(traceparent)).toEqual(attempts.map(parentOf))
    expect(attempts.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1, 2])
    expect(attempts.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([503, undefined, 200])
    expect(attempts[0]?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.request.body.size': server.requests[0]?.body.length,
      'url.full': `${server.baseURL}/responses`,
    })
    expect(attempts[2]?.events.map(({ name }) => name)).toEqual(['connected', 'headers', 'first_event', 'commit'])
  })

  it('of a call that fails have the status of an error, and its code as the exception', async () => {
    server.script([{ at: 'headers', effect: 'status', status: 401 }])
    await expect(start().responses.create({ model: 'm', input: 'x' })).rejects.toMatchObject({ status: 401 })
    expect(treeOf(sdk.spans, outcome)).toEqual([
      'chat m failed error:http_status',
      '  POST 1 answered error:http_status',
    ])
    for (const { status, events } of sdk.spans) {
      expect(status.message).toMatch(/answered/)
      expect(events.find(({ name }) => name === 'exception')?.attributes).toMatchObject({
        'exception.type': 'http_status',
        'exception.message': status.message,
      })
    }
    expect(sdk.spans.at(-1)?.attributes['resilient_responses.give_up_reason']).toBe('not_retryable')
  })

  it('of a call that its caller ends are no errors', async () => {
    server.script([{ at: 'headers', effect: 'stall' }])
    const stop = new AbortController()
    const call = start().responses.create({ model: 'm', input: 'x' }, { signal: stop.signal })
    await server.waitFor('fault')
    stop.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    expect(treeOf(sdk.spans, outcome)).toEqual(['chat m aborted', '  POST 1 aborted'])
  })

  it('tell the deadline that cut an attempt', async () => {
    server.script([{ at: 'headers', effect: 'stall' }, 'ok'])
    await start({ timeouts: { ttfbMs: 500 } }).responses.create({ model: 'm', input: 'x' })
    const cut = attemptsOf(sdk.spans)[0]
    expect(cut?.attributes['error.type']).toBe('ttfb_timeout')
    expect(cut?.events.find(({ name }) => name === 'deadline')?.attributes).toEqual({
      'resilient_responses.deadline': 'ttfb',
      'resilient_responses.deadline.ms': 500,
      'resilient_responses.deadline.source': 'option',
    })
  })

  it('of a hedge are linked with the attempt that was silent, in the context of the caller', async () => {
    server.script([{ at: 'headers', effect: 'stall' }, 'ok'])
    await sdk.tracerProvider.getTracer('test').startActiveSpan('agent turn', async (turn) => {
      await start({ hedge: { afterMs: 50 } }).responses.create({ model: 'm', input: 'x' })
      turn.end()
    })
    expect(treeOf(sdk.spans, outcome)).toEqual([
      'agent turn',
      '  chat m completed',
      '    POST 1 lost',
      '    POST 2 committed',
    ])
    const [silent, hedge] = attemptsOf(sdk.spans)
    expect(hedge?.links.map((link) => link.context.spanId)).toEqual([silent?.spanContext().spanId])
    expect(server.requests.map(traceparent)).toEqual([silent, hedge].map(parentOf))
    const call = sdk.spans.find(({ name }) => name === 'chat m')
    expect(call?.events.map(({ name }) => name)).toEqual(['hedge_start', 'hedge_end'])
    expect(call?.attributes['resilient_responses.hedges']).toBe(1)
  })

  it('of the drop-in are the same, streams and whole answers, and have the usage', async () => {
    const { fetch } = start()
    for (const stream of [true, false]) {
      const answer = await fetch(`${server.baseURL}/responses?api-version=planted-query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', input: 'x', stream }),
      })
      await answer.text()
    }
    const calls = sdk.spans.filter(({ name }) => name === 'chat m')
    expect(calls.map(({ attributes }) => attributes['gen_ai.request.stream'])).toEqual([true, false])
    for (const { attributes } of calls) expect(attributes['gen_ai.usage.output_tokens']).toBeGreaterThan(0)
  })

  it('of other calls are named by their method, and by the operation where the conventions have one', async () => {
    const { fetch } = start()
    await (await fetch(`${server.baseURL}/files`)).text()
    await (await fetch(`${server.baseURL}/embeddings`, { method: 'POST', body: '{}' })).text()
    expect(
      sdk.spans.filter(({ attributes }) => 'resilient_responses.call_id' in attributes).map(({ name }) => name),
    ).toEqual(['GET', 'embeddings'])
  })

  it.each([
    ['/embeddings', 'embeddings'],
    ['/chat/completions', 'chat'],
    ['/files', 'POST'],
  ])(
    'of a passthrough call to %s that ends with an error status are errors, after its retry, too',
    async (to, name) => {
      const down = { at: 'headers', effect: 'status', status: 503 } as const
      server.script([down, down, { at: 'headers', effect: 'status', status: 404 }])
      const { fetch } = start({ maxRetries: 1 })
      const post = async () => (await fetch(`${server.baseURL}${to}`, { method: 'POST', body: '{}' })).text()
      await post()
      await post()
      expect(treeOf(sdk.spans, outcome)).toEqual([
        `${name} completed error:http_status`,
        '  POST 1 answered error:http_status',
        '  POST 2 committed error:http_status',
        `${name} completed error:http_status`,
        '  POST 1 committed error:http_status',
      ])
      for (const { events } of attemptsOf(sdk.spans)) expect(events.map((event) => event.name)).toContain('exception')
      const durations = (await sdk.metrics()).get('gen_ai.client.operation.duration')?.points ?? []
      expect(durations.map(({ attributes }) => attributes['error.type'])).toEqual(
        name === 'POST' ? [] : ['http_status'],
      )
    },
  )

  it('are not made, and nothing is sent, without a registered SDK', async () => {
    await sdk.stop()
    await start().responses.create({ model: 'm', input: 'x' })
    expect(sdk.spans).toEqual([])
    expect(server.requests.map(traceparent)).toEqual([''])
  })

  it('are of the SDK that is registered after the client was made', async () => {
    await sdk.stop()
    const made = start()
    sdk = startSdk()
    await made.responses.create({ model: 'm', input: 'x' })
    expect(sdk.spans).toHaveLength(2)
    expect(trace.getTracerProvider()).toBeDefined()
  })

  it('send no headers with `propagate: false`', async () => {
    await start({ instrumentations: [openTelemetry({ propagate: false })] }).responses.create({
      model: 'm',
      input: 'x',
    })
    expect(treeOf(sdk.spans, outcome)).toEqual(['chat m completed', '  POST 1 committed'])
    expect(server.requests.map(traceparent)).toEqual([''])
  })
})
