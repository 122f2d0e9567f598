import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClientCache, fetchTransport, ResilientClient, undiciTransport } from '../../src/index.ts'
import { FakeTransport } from '../../src/testing/index.ts'

const KEY = 'sk-swordfish-0123456789'
const URL = 'https://api.test/v1/responses'

async function thrownBy(act: (client: ResilientClient) => unknown): Promise<unknown> {
  const transport = new FakeTransport([])
  const client = new ResilientClient({ baseURL: 'https://api.test/v1', transport })
  try {
    await act(client)
  } catch (error) {
    return error
  } finally {
    await client.destroy()
    expect(transport.requests).toEqual([])
  }
  throw new Error('it was accepted')
}

const as = <T = never>(value: unknown): T => value as T

/** Every place where somebody may give a credential by mistake. */
const MISTAKES: ReadonlyArray<readonly [string, (secret: string, client: ResilientClient) => unknown]> = [
  [
    'a whole header line as headers of fetch',
    (secret, { fetch }) => fetch(URL, { headers: as(`Authorization: Bearer ${secret}`) }),
  ],
  ['a list of header lines', (secret, { fetch }) => fetch(URL, { headers: as([`Authorization: Bearer ${secret}`]) })],
  ['a name of a header of fetch', (secret, { fetch }) => fetch(URL, { headers: { [`${secret} `]: 'authorization' } })],
  [
    'a name of a header beside a value that is refused',
    (secret, { fetch }) => fetch(URL, { headers: { [secret.replace(/\W/g, '-')]: 'a\nb' } }),
  ],
  ['a method', (secret, { fetch }) => fetch(URL, { method: `${secret} ` })],
  [
    'a name of a header of one request',
    (secret, { responses }) => responses.create({}, { headers: { [secret]: as(5) } }),
  ],
  ['an option of one request', (secret, { responses }) => responses.create({}, as({ validate: `${secret}!` }))],
  ['the name of an option of one request', (secret, { responses }) => responses.create({}, as({ [`${secret}-0`]: 1 }))],
  ['an id', (secret, { responses }) => responses.retrieve(as([secret]))],
  ['a name of a header of the client', (secret) => new ResilientClient({ headers: { [secret]: 'a\nb' } })],
  [
    'a name of a header with a value of another kind',
    (secret) => new ResilientClient({ headers: as({ [secret]: 5 }) }),
  ],
  [
    'a name of a header of an endpoint',
    (secret) => new ResilientClient({ endpoints: [{ baseURL: URL, headers: { [secret]: 'a\nb' } }] }),
  ],
  ['the name of an option', (secret) => new ResilientClient(as({ [`${secret}-0`]: 1 }))],
  ['the name of an option within another', (secret) => new ResilientClient({ timeouts: as({ [`${secret}-0`]: 1 }) })],
  ['the name of an option of a view', (secret, client) => client.withOptions(as({ [`${secret}-0`]: 1 }))],
  ...(
    [
      'maxRetries',
      'isolation',
      'commit',
      'validate',
      'upgradeToStream',
      'onEvent',
      'clock',
      'retry',
      'hedge',
      'transport',
    ] as const
  ).map(
    (name) => [`the option ${name}`, (secret: string) => new ResilientClient(as({ [name]: `${secret}!` }))] as const,
  ),
  ['an option of a transport', (secret) => undiciTransport(as({ isolation: `${secret}!` }))],
  ['the name of an option of a transport', (secret) => undiciTransport(as({ [`${secret}-0`]: 1 }))],
  ['a fetch', (secret) => fetchTransport(as(secret))],
  [
    'an option of a cache',
    (secret) => new ClientCache(as({ create: () => 1, isUsable: () => true, destroy: () => {}, maxEntries: secret })),
  ],
  ['what headers() returns', (secret) => new ResilientClient({ headers: as(() => secret) }).responses.create({})],
  [
    'a name in what headers() returns',
    (secret) => new ResilientClient({ headers: as(() => ({ [secret]: 5 })) }).responses.create({}),
  ],
]

describe('a value of unknown content is described in a refusal, never shown', () => {
  it.each(MISTAKES)('%s', async (_, make) => {
    const error = await thrownBy((client) => make(KEY, client))
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(KEY.slice(0, 12))
    expect(error).toBeInstanceOf(Error)

    const secret = fc.string({
      minLength: 8,
      maxLength: 40,
      unit: fc.constantFrom(...'ABCDEFGHJKMNPQRSTVWXYZ23456789'),
    })
    await fc.assert(
      fc.asyncProperty(secret, async (value) => {
        // No word of ours is made of such letters and a digit.
        const thrown = await thrownBy((client) => make(`${value}9Z`, client))
        expect(inspect(thrown, { depth: 9, showHidden: true })).not.toContain(value)
      }),
      { numRuns: 25 },
    )
  })

  it('says its kind and length, and what is accepted', async () => {
    const line = await thrownBy(({ fetch }) => fetch(URL, { headers: as(`Authorization: Bearer ${KEY}`) }))
    expect(line).toMatchObject({
      message: 'headers: got a string of 45 characters; accepted: Headers, an object, or a list of pairs.',
    })
    const name = await thrownBy(() => new ResilientClient({ headers: { [KEY]: 'a\nb' } }))
    expect(name).toMatchObject({ path: 'headers[a name of 23 characters]' })
    const known = await thrownBy(() => new ResilientClient({ headers: { 'x-tenant': 'a\nb' } }))
    expect(known).toMatchObject({ path: "headers['x-tenant']" })
  })
})
