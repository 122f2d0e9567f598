import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FakeTransport, fake, seededRandom, textStream } from '../../src/testing/index.ts'
import { runSnippet } from './run-snippet.ts'

const ok = fake.respond(textStream({ text: 'Hi' }))
const sent = (request: { headers: ReadonlyArray<readonly [string, string]> } | undefined) =>
  Object.fromEntries(request?.headers ?? [])

/** The clients of an example on a scripted transport, without waiting between attempts. */
function world(...script: ConstructorParameters<typeof FakeTransport>) {
  const transport = new FakeTransport(...script)
  const options = { transport, random: seededRandom(1), retry: { baseDelayMs: 1, maxDelayMs: 1 } }
  return { transport, options }
}

describe('the examples of docs/client.md, run', () => {
  it('a recorder has the calls with their events', async () => {
    const { transport, options } = world([fake.status(503), ok])
    const { printed } = await runSnippet('docs/client.md', 'class Recorder', { options })
    expect(printed).toHaveLength(1)
    expect(printed[0]).toMatch(/^\d+ call_start attempt_start .*retry_decision attempt_start .* call_end$/)
    transport.assertConsumed()
  })

  it('a traceparent goes out with each attempt: one trace, a span for each', async () => {
    const { transport, options } = world([fake.status(503), ok])
    const { printed } = await runSnippet('docs/client.md', 'traceparent', { options })
    const parents = transport.requests.map((request) => sent(request).traceparent?.split('-') ?? [])
    expect(parents).toHaveLength(2)
    expect(new Set(parents.map(([, traceId]) => traceId)).size).toBe(1)
    expect(parents[0]?.[1]).toMatch(/^[0-9a-f]{32}$/)
    expect(printed).toEqual(parents.map(([, , spanId], n) => `attempt ${n + 1} is span ${spanId}`))
  })

  it('a request is signed for each attempt, asynchronously', async () => {
    const { transport, options } = world([fake.status(503), ok])
    const signingKey = async () => 'k'
    const { clients } = await runSnippet('docs/client.md', 'signingKey', { options, given: { signingKey } })
    await clients[0]?.responses.create({ model: 'm', input: 'hi' })
    expect(transport.requests).toHaveLength(2)
    for (const [n, { url, text, ...request }] of transport.requests.entries()) {
      const signature = createHmac('sha256', 'k')
        .update(`POST ${url} ${n + 1}`)
        .update(text)
        .digest('hex')
      expect(sent(request).authorization).toBe(`Signature ${signature}`)
    }
  })
})

describe('the example of docs/errors.md, run', () => {
  it("a gateway's own codes are retried, or not, as `classify` says", async () => {
    const busy = fake.status(400, { body: { error: { code: 'all_channels_busy', message: 'Busy.' } } })
    const draining = fake.status(403, { headers: { 'x-gateway-region': 'draining' } })
    const { transport, options } = world([busy, draining, ok])
    const { clients } = await runSnippet('docs/errors.md', 'all_channels_busy', { options })
    await clients[0]?.responses.create({ model: 'm', input: 'hi' })
    transport.assertConsumed()
    const suspended = world([fake.status(503, { body: { error: { code: 'tenant_suspended', message: 'No.' } } })])
    const second = await runSnippet('docs/errors.md', 'all_channels_busy', { options: suspended.options })
    await expect(second.clients[0]?.responses.create({ model: 'm', input: 'hi' })).rejects.toMatchObject({
      status: 503,
    })
    suspended.transport.assertConsumed()
  })
})
