import { describe, expect, it } from 'vitest'
import {
  ClientCache,
  createResilientFetch,
  fetchTransport,
  ResilientClient,
  type ResilientClientOptions,
  undiciTransport,
} from '../../src/index.ts'
import { failedStream, fake, sseFrame, textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { collect, scenario } from '../responses/harness.ts'
import { testCertificate } from '../support/certificates.ts'
import { invalid } from '../support/typed.ts'
import { printed } from './support/printed.ts'

/** Like nothing that a pattern would know: it is hidden because of where it stands, or it is seen. */
const PLANTED = /swordfish/i
const KEY = 'swordfish-key-1'
const OPTIONS: ResilientClientOptions = {
  apiKey: KEY,
  headers: { cookie: 'session=swordfish-cookie', 'x-tenant': 'swordfish-tenant', 'x-api-key': 'swordfish-key-2' },
  baseURL: 'https://api.test/v1?key=swordfish-query',
}
const BODY = {
  model: 'm',
  input: 'swordfish prompt',
  instructions: 'swordfish instructions',
  metadata: { a: 'swordfish metadata' },
}
const REQUEST = { headers: { authorization: `Bearer ${KEY}`, 'x-own': 'swordfish-own' } }
/** What an endpoint may echo of the credentials it was given. */
const ECHO = `Incorrect key: ${KEY}; cookie: session=swordfish-cookie; Bearer ${KEY}`

const expectNothingShown = (value: unknown, name?: string): void => {
  const text = printed(value)
  const at = text.search(PLANTED)
  expect(at === -1 ? '' : text.slice(Math.max(0, at - 200), at + 40), name).toBe('')
}

type Script = Extract<Parameters<typeof scenario>[0], readonly unknown[]>
const prelude = textStream({ text: 'a b c' })
const FAILURES: ReadonlyArray<readonly [what: string, script: Script, options?: ResilientClientOptions]> = [
  ['a reset', [fake.reset()]],
  ['silence', [fake.stall()]],
  ['a host that does not exist', [fake.connectError('ENOTFOUND')]],
  ['a certificate', [fake.connectError('CERT_HAS_EXPIRED')]],
  [
    '401 with the key in it',
    [fake.status(401, { body: JSON.stringify({ error: { code: `bad_${KEY}`, type: KEY, message: ECHO } }) })],
  ],
  ['500 as a page', [fake.status(500, { body: `<html>${ECHO}</html>`, headers: { 'content-type': 'text/html' } })]],
  [
    '200 as a page',
    [
      fake.status(200, {
        body: `<html>${ECHO}</html>`,
        headers: { 'content-type': 'text/html', 'set-cookie': 'swordfish=1' },
      }),
    ],
  ],
  ['a redirect', [fake.status(307, { headers: { location: 'https://evil.test/?to=swordfish' } })]],
  ['a redirect to nowhere', [fake.status(307, { headers: { location: 'file:///swordfish' } })]],
  [
    'a failure inside the stream',
    [fake.respond(failedStream({ code: 'invalid_prompt', message: ECHO, deltas: ['a'] }))],
  ],
  ['an error event', [fake.respond(failedStream({ code: 'server_error', message: ECHO, errorEvent: 'only' }))]],
  ['a cut stream', [fake.respond(prelude.slice(0, 6))]],
  ['malformed JSON', [fake.respond(`data: {"type":"x", "swordfish\n\n`)]],
  ['an event above its bound', [fake.respond(`data: ${'swordfish'.repeat(2000)}`)], { limits: { eventBytes: 1000 } }],
  [
    'an event that is not what it should be',
    [fake.respond(sseFrame({ type: 'response.output_text.delta', delta: { swordfish: 1 } }))],
    { validate: 'strict' },
  ],
  ['headers() that throws', [], { headers: () => Promise.reject(new Error(`no token for Bearer ${KEY}`)) }],
  [
    'a hook that throws',
    [fake.status(400, { body: '{"error":{"code":"previous_response_not_found"}}' })],
    { onPreviousResponseNotFound: () => Promise.reject(new Error(`Bearer ${KEY}`)) },
  ],
]

describe('what is printed shows no credential, cookie, query value, header value or prompt', () => {
  it.each(FAILURES.map(([what, script, options = {}]) => [what, script, options] as const))(
    'errors, streams and telemetry: %s',
    async (what, script, options) => {
      for (const face of ['stream', 'create', 'fetch'] as const) {
        const s = scenario(script, { maxRetries: 0, ...OPTIONS, ...options })
        const params = { ...BODY, previous_response_id: 'resp_0' }
        if (face === 'stream') {
          const stream = s.responses.stream(params, REQUEST)
          const { value } = await s.settle(collect(stream))
          expectNothingShown(value?.error, `${what}: error of a stream`)
          expectNothingShown(stream, `${what}: stream`)
          expectNothingShown(stream.attempts, `${what}: attempts`)
        } else if (face === 'create') {
          expectNothingShown((await s.settle(s.responses.create(params, REQUEST))).error, `${what}: error of create()`)
        } else {
          const call = s.client.fetch('https://api.test/v1/responses?key=swordfish-query', {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...REQUEST.headers },
            body: JSON.stringify({ ...params, stream: true }),
          })
          const read = call.then((response) => response.text()).then(() => undefined)
          expectNothingShown((await s.settle(read)).error, `${what}: error of fetch`)
        }
        expect(s.events.length).toBeGreaterThan(0)
        for (const event of s.events) expectNothingShown(event, `${what}: ${event.type}`)
        expectNothingShown(s.client, `${what}: client`)
        expectNothingShown(s.client.stats(), `${what}: stats`)
      }
    },
  )

  it.each<[name: string, refuse: () => unknown]>([
    ['an unknown option', () => new ResilientClient({ ...OPTIONS, unknown: 'swordfish' } as ResilientClientOptions)],
    ['a key of a wrong type', () => new ResilientClient({ apiKey: invalid({ value: 'swordfish' }) })],
    ['a key that writes headers', () => new ResilientClient({ apiKey: 'swordfish\r\nx: y' })],
    ['headers of a wrong type', () => new ResilientClient({ headers: invalid({ a: ['swordfish'] }) })],
    ['an address with credentials', () => new ResilientClient({ baseURL: 'https://u:swordfish@api.test' })],
    ['a proxy', () => new ResilientClient({ proxy: 'ftp://u:swordfish@proxy.test' })],
    ['a key that is none', () => new ResilientClient({ tls: { cert: 'swordfish', key: 'swordfish' } })],
    ['a passphrase', () => new ResilientClient({ tls: { passphrase: invalid(5), ca: 'swordfish' } })],
    [
      'parameters that are no JSON',
      () => new ResilientClient(OPTIONS).responses.stream(invalid({ a: { value: 1n } })).finalResponse(),
    ],
    [
      'a header of one request',
      () => new ResilientClient(OPTIONS).responses.stream({}, { headers: { a: 'swordfish\n' } }),
    ],
    ['an address to fetch', () => new ResilientClient(OPTIONS).fetch('https://u:swordfish@api.test/')],
    ['no address to fetch', () => new ResilientClient(OPTIONS).fetch('swordfish')],
  ])('refusals: %s', async (_name, refuse) => {
    const error = await (async () => refuse())().catch((thrown) => thrown as unknown)
    expect(error).toBeInstanceOf(Error)
    // The name of an unknown option is no secret, its value is.
    expectNothingShown(error)
  })

  it('clients, views, functions, transports and caches', async () => {
    const tls = testCertificate({ name: 'swordfish' })
    const cache = new ClientCache<{ n: number }>({ create: () => ({ n: 1 }), isUsable: () => true, destroy: () => {} })
    const lease = await cache.acquire('https://api.test')
    const client = new ResilientClient({
      ...OPTIONS,
      tls: { key: tls.key, cert: tls.cert, passphrase: 'swordfish' },
      proxy: 'http://u:swordfish@127.0.0.1:1',
    })
    const transport = undiciTransport({
      proxy: 'http://u:swordfish@127.0.0.1:1',
      tls: { key: tls.key, cert: tls.cert, passphrase: 'swordfish' },
    })
    const owned = createResilientFetch(OPTIONS)
    const all = {
      client,
      responses: client.responses,
      fetch: client.fetch,
      view: client.withOptions({ apiKey: KEY }),
      transport,
      cache,
      lease,
      owned,
    }
    for (const [name, value] of Object.entries({ ...all, foreign: fetchTransport(fetch), stats: client.stats() })) {
      expectNothingShown(value, name)
      expect(printed(value), name).not.toContain('PRIVATE KEY')
    }
    lease.release()
    await Promise.all([client.close(), transport.close(), cache.close(), owned.close()])
  })

  it('a client, its stream and its telemetry, under way over real sockets', async () => {
    await using server = await MockResponsesServer.start()
    server.script([{ at: 'before_event', event: 5, effect: 'stall' }])
    const events: unknown[] = []
    const { baseURL: _, ...options } = OPTIONS
    const client = new ResilientClient({ ...options, baseURL: server.baseURL, onEvent: (event) => events.push(event) })
    const stream = client.responses.stream(BODY, REQUEST)
    await server.waitFor('fault')
    for (const value of [client, stream, stream.attempts, events]) expectNothingShown(value)
    expectNothingShown(server)
    expectNothingShown(server.requests)
    expectNothingShown(server.appliedFaults)
    expectNothingShown(server.connections)
    stream.abort()
    await client.close()
  })
})
