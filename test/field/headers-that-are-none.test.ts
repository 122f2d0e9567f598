import { describe, expect, it } from 'vitest'
import { findResilientError, ResilientClient } from '../../src/index.ts'
import { FakeTransport, fake, textStream, VirtualClock } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'

class Credentials {
  #key = 'Bearer planted'
  get authorization(): string {
    return this.#key
  }
}

class Tenant extends Credentials {
  readonly 'x-tenant' = 'mine'
}

class Fields {
  readonly authorization = 'Bearer of its own'
}

/** A request would go out without its credential: what they hold stands in no field of their own. */
const WITHOUT: ReadonlyArray<readonly [string, object]> = [
  ['an Error', new Error('planted')],
  ['a class with a getter', new Credentials()],
  ['a field beside a getter', new Tenant()],
  ['an inherited field', Object.create({ authorization: 'Bearer planted' })],
  [
    'an inherited field beside one of its own',
    Object.assign(Object.create({ authorization: 'Bearer planted' }), { a: 'b' }),
  ],
  ['a Map', new Map([['authorization', 'Bearer planted']])],
  ['a RegExp', /planted/],
]

describe('headers in an unusable form are refused before anything is sent', () => {
  it.each(WITHOUT)('%s', async (_what, headers) => {
    const transport = new FakeTransport([], { clock: new VirtualClock() })
    const client = new ResilientClient({ transport, headers: () => headers as Record<string, string> })
    const typed = await client.responses.create({ model: 'm', input: 'x' }).catch((error: unknown) => error)
    const dropIn = await client
      .fetch('https://api.openai.com/v1/responses', { method: 'POST', body: '{}' })
      .catch((error: unknown) => findResilientError(error))
    for (const error of [typed, dropIn]) {
      expect(error).toMatchObject({
        code: 'headers_failed',
        message: expect.stringMatching(/^headers\(\): it returned/),
      })
      expect((error as Error).message).not.toContain('planted')
    }
    await client.close()
    expect(transport.requests).toEqual([])
    // Of an option, of one request, and of an endpoint, too.
    expect(() => new ResilientClient({ headers: invalid(headers) })).toThrow('headers: got')
    expect(
      () => new ResilientClient({ endpoints: [{ baseURL: 'https://a.test', headers: invalid(headers) }] }),
    ).toThrow('endpoints.0.headers: got')
    const ofRequest = new ResilientClient({ transport }).responses.create({}, { headers: invalid(headers) })
    await expect(ofRequest).rejects.toThrow('options.headers: got')
  })
})

it.each([
  ['{}', {}, undefined],
  ['no prototype', Object.assign(Object.create(null), { authorization: 'Bearer a' }), 'Bearer a'],
  ['a class with fields', new Fields(), 'Bearer of its own'],
  ['Headers', new Headers({ authorization: 'Bearer b' }), 'Bearer b'],
])('%s is sent', async (_what, headers, authorization) => {
  const transport = new FakeTransport([fake.respond(textStream())], { clock: new VirtualClock() })
  const client = new ResilientClient({ transport, headers: () => headers as Record<string, string> })
  await client.responses.create({ model: 'm', input: 'x' })
  expect(transport.requests[0]?.header('authorization') ?? undefined).toBe(authorization)
  await client.close()
})

it('an error of another call that headers() made becomes the cause of `headers_failed`, not the error of this call', async () => {
  const clock = new VirtualClock()
  const tokens = new ResilientClient({ transport: new FakeTransport([fake.status(400)], { clock }), maxRetries: 0 })
  const client = new ResilientClient({
    transport: new FakeTransport([], { clock }),
    headers: async () => {
      const { output_text: authorization } = await tokens.responses.create({ model: 'm', input: 'a token' })
      return { authorization }
    },
  })
  const error = await client.responses.create({ model: 'm', input: 'x' }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'headers_failed', cause: { code: 'http_status' } })
  await client.close()
})
