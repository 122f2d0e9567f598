import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import { answer, fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, QUICK, withClient } from './support/play.ts'

/** Names that gateways have for a credential, and names that say who somebody is. */
const SECRETS = {
  authorization: 'Bearer swordfish-0',
  cookie: 'sid=swordfish-1',
  'ocp-apim-subscription-key': 'swordfish-2',
  'helicone-auth': 'Bearer swordfish-3',
  'x-functions-key': 'swordfish-4',
  'x-portkey-virtual-key': 'swordfish-5',
  'x-tenant': 'swordfish-6',
  'openai-organization': 'swordfish-7',
  'name-of-tomorrow': 'swordfish-8',
}
const TRAVELS = {
  accept: 'text/event-stream',
  'openai-beta': 'responses=v1',
  'idempotency-key': 'idem-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

const RESPONSE = { id: 'resp_1', object: 'response', status: 'completed', output: [] }
const STREAM = streamAnswer(
  frames(
    { type: 'response.created', response: { ...RESPONSE, status: 'in_progress' }, sequence_number: 0 },
    { type: 'response.completed', response: RESPONSE, sequence_number: 1 },
  ),
)
const DOWN = jsonAnswer(503, { error: { message: 'down' } })

describe('a credential for one origin is not sent to another, whatever its header is called', () => {
  it('when a call fails over to another endpoint, from the typed face, the drop-in and openai', async () => {
    await using a = await fieldServer([DOWN])
    await using b = await fieldServer([STREAM])
    const endpoints = [
      { baseURL: a.baseURL, weight: 1e6 },
      { baseURL: b.baseURL, headers: { 'api-key': 'own' }, weight: 1e-6 },
    ]
    const client = new ResilientClient({ ...QUICK, endpoints })
    const headers = { ...SECRETS, ...TRAVELS }
    await client.responses.stream(ASKED, { headers }).finalResponse()
    const init = { method: 'POST', headers, body: JSON.stringify({ ...ASKED, stream: true }) }
    await (await client.fetch(`${a.baseURL}/responses`, init)).text()
    const openai = new OpenAI({
      apiKey: 'swordfish-9',
      baseURL: a.baseURL,
      fetch: client.fetch,
      maxRetries: 0,
      defaultHeaders: headers,
    })
    for await (const _ of await openai.responses.create({ ...ASKED, stream: true }));
    await client.destroy()
    expect(b.requests).toHaveLength(3)
    for (const sent of b.requests.map(({ headers: pairs }) => Object.fromEntries(pairs))) {
      expect(JSON.stringify(sent)).not.toContain('swordfish')
      expect(sent).toMatchObject({ ...TRAVELS, accept: expect.anything(), 'api-key': 'own' })
    }
    expect(Object.fromEntries(a.requests[0]?.headers ?? [])).toMatchObject(SECRETS)
  })

  it('except the headers that the other endpoint lists', async () => {
    await using a = await fieldServer([DOWN])
    await using b = await fieldServer([STREAM])
    const endpoints = [
      { baseURL: a.baseURL, weight: 1e6 },
      { baseURL: b.baseURL, headers: {}, forwardHeaders: ['X-Tenant'], weight: 1e-6 },
    ]
    await withClient({ endpoints }, (client) => client.responses.stream(ASKED, { headers: SECRETS }).finalResponse())
    const sent = JSON.stringify(b.requests[0]?.headers)
    expect(sent.match(/swordfish-\d/g)).toEqual(['swordfish-6'])
  })

  it('when a redirect leads to another origin', async () => {
    await using b = await fieldServer([answer(200, 'there')])
    await using a = await fieldServer([answer(302, '', { location: `${b.baseURL}/files/1` })])
    await withClient({ baseURL: a.baseURL, headers: { 'x-functions-key': 'swordfish-own' } }, async (client) => {
      const response = await client.fetch(`${a.baseURL}/files/1`, { headers: { ...SECRETS, ...TRAVELS } })
      expect(await response.text()).toBe('there')
    })
    expect(JSON.stringify(b.requests[0]?.headers)).not.toMatch(/swordfish|sk-field/)
    expect(Object.fromEntries(b.requests[0]?.headers ?? [])).toMatchObject(TRAVELS)
  })
})

describe('an endpoint of another origin that would get no credential', () => {
  const A = 'https://a.test/v1'
  const B = 'https://b.test/v1'

  it('is refused beside an apiKey, with the option where its credential belongs', () => {
    expect(() => new ResilientClient({ apiKey: 'sk-field', endpoints: [{ baseURL: A }, { baseURL: B }] })).toThrow(
      /endpoints\.1\.headers.*apiKey goes to https:\/\/a\.test only/,
    )
    const client = new ResilientClient({ endpoints: [{ baseURL: A }, { baseURL: B }] })
    expect(() => client.withOptions({ apiKey: 'sk-field' })).toThrow(/endpoints\.1\.headers/)
  })

  it.each([
    { endpoints: [{ baseURL: A }, { baseURL: 'https://a.test/v2' }] },
    { endpoints: [{ baseURL: A }, { baseURL: B, headers: { 'x-any-name': 'k' } }] },
    { endpoints: [{ baseURL: A }, { baseURL: B, forwardHeaders: ['authorization'] }] },
    { endpoints: [{ baseURL: A }, { baseURL: B, headers: {} }] },
  ])('is accepted with one, or where it says that it needs none: %j', (options) => {
    expect(() => new ResilientClient({ apiKey: 'sk-field', ...options })).not.toThrow()
  })

  it('answers 401, and the error names the place', async () => {
    await using a = await fieldServer([DOWN])
    await using b = await fieldServer([jsonAnswer(401, { error: { message: 'who are you?' } })])
    const endpoints = [
      { baseURL: a.baseURL, weight: 1e6 },
      { baseURL: b.baseURL, headers: {}, weight: 1e-6 },
    ]
    const error = await withClient({ endpoints }, (client) =>
      client.responses.create(ASKED).catch((thrown: unknown) => thrown),
    )
    expect((error as Error).message).toContain('endpoints.1.headers')
  })
})
