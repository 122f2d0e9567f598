import { describe, expect, it } from 'vitest'
import { ConfigurationError, type RequestOptions, ResilientClient } from '../../src/index.ts'
import { FakeTransport } from '../../src/testing/index.ts'

/** Each would write a header of its own, or a second request. */
const HOSTILE = [
  'a\rb',
  'a\nb',
  'a\0b',
  'ok\r\nx-other: swordfish',
  'ok\r\n\r\nGET /evil HTTP/1.1\r\n\r\n',
  '\nswordfish',
]
const NAMES = ['x y', 'x:y', 'x\r\ny', '', 'x\0']

const FACES: ReadonlyArray<readonly [string, (client: ResilientClient, options: RequestOptions) => unknown]> = [
  ['responses.stream()', (client, options) => client.responses.stream({ model: 'm' }, options).finalResponse()],
  ['responses.create()', (client, options) => client.responses.create({ model: 'm' }, options)],
  [
    'responses.create() in the background',
    (client, options) => client.responses.create({ model: 'm', background: true }, options),
  ],
  ['responses.resume()', (client, options) => client.responses.resume('resp_1', options).finalResponse()],
  ['responses.retrieve()', (client, options) => client.responses.retrieve('resp_1', options)],
  ['responses.cancel()', (client, options) => client.responses.cancel('resp_1', options)],
  [
    'fetch()',
    (client, { headers }) =>
      client.fetch('https://api.test/v1/responses', { method: 'POST', body: '{}', ...(headers && { headers }) }),
  ],
]

async function refusalOf(act: () => unknown): Promise<Error> {
  try {
    await act()
  } catch (error) {
    return error as Error
  }
  throw new Error('it was accepted')
}

describe('a header that could write others is refused before any I/O', () => {
  it.each(FACES)('by %s: in its value', async (face, call) => {
    const transport = new FakeTransport([])
    const client = new ResilientClient({ baseURL: 'https://api.test/v1', transport })
    // White space at the ends of a value is the platform's to trim, and harmless then.
    for (const value of face === 'fetch()' ? HOSTILE.slice(0, -1) : HOSTILE) {
      const error = await refusalOf(() => call(client, { headers: { 'x-a': value } }))
      expect(error.message).toContain("headers['x-a']")
      expect(error.message).not.toContain('swordfish')
      if (face !== 'fetch()') expect(error).toBeInstanceOf(ConfigurationError)
    }
    expect(transport.requests).toEqual([])
    await client.close()
  })

  it.each(FACES)('by %s: in its name', async (_face, call) => {
    const transport = new FakeTransport([])
    const client = new ResilientClient({ baseURL: 'https://api.test/v1', transport })
    for (const name of NAMES) {
      const { message } = await refusalOf(() => call(client, { headers: { [name]: 'v' } }))
      expect(message).toContain('not a header name')
      expect(message).not.toMatch(/[\r\n\0]/)
    }
    expect(transport.requests).toEqual([])
    await client.close()
  })

  it.each(['apiKey', 'headers', 'headers()'])('by the client, in its own: %s', async (option) => {
    for (const value of HOSTILE) {
      const transport = new FakeTransport([])
      const error = await refusalOf(() => {
        const client = new ResilientClient({
          baseURL: 'https://api.test/v1',
          transport,
          ...(option === 'apiKey'
            ? { apiKey: value }
            : { headers: option === 'headers' ? { 'x-a': value } : () => ({ 'x-a': value }) }),
        })
        return client.responses.create({ model: 'm' })
      })
      expect(error).toMatchObject({ code: option === 'headers()' ? 'headers_failed' : 'invalid_configuration' })
      expect(error.message).not.toContain('swordfish')
      expect(transport.requests).toEqual([])
    }
  })
})

describe('an id that would lead to another path is refused before any I/O', () => {
  it.each(['.', '..', '', '\ud800'])('%j', async (id) => {
    const transport = new FakeTransport([])
    const client = new ResilientClient({ baseURL: 'https://api.test/v1', transport })
    for (const act of [
      () => client.responses.retrieve(id),
      () => client.responses.cancel(id),
      () => client.responses.resume(id).finalResponse(),
    ])
      expect(await refusalOf(act)).toBeInstanceOf(ConfigurationError)
    expect(transport.requests).toEqual([])
    await client.close()
  })

  it.each(['a/b', '../files', 'a?b', 'a#b', 'a%2fb'])('%j goes out as one segment', async (id) => {
    const transport = new FakeTransport([])
    const client = new ResilientClient({ baseURL: 'https://api.test/v1', transport, maxRetries: 0 })
    await refusalOf(() => client.responses.retrieve(id))
    expect(transport.requests.map(({ url }) => new URL(url).pathname)).toEqual([
      `/v1/responses/${encodeURIComponent(id)}`,
    ])
    await client.close()
  })
})
