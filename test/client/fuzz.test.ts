import fc from 'fast-check'
import { describe, expect, inject, it } from 'vitest'
import { clientRules } from '../../src/client/options.ts'
import { ConfigurationError, ResilientClient, ResilientError } from '../../src/index.ts'
import { FakeTransport, fake, textStream } from '../../src/testing/index.ts'
import { outcomeOf } from '../e2e/support/calls.ts'
import { invalid } from '../support/typed.ts'

const RUNS = inject('full') ? 20_000 : 1500

/** Anything that JSON can say, and what only code can. */
const anything = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue() },
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withTypedArray: true,
  }),
  fc.constantFrom(() => 1, Symbol('s'), Number.NaN, Number.POSITIVE_INFINITY, -0, '', '0', [], {}, null, undefined, 1n),
)

/** Right names with wrong values, some of them right: further in than plain chance gets. */
const likely = fc.oneof(
  anything,
  fc.constantFrom<unknown>(
    0,
    1,
    20_000,
    'auto',
    true,
    false,
    'error',
    'report',
    'fresh',
    'https://api.test/v1',
    { budget: false },
    { 'x-a': 'b' },
  ),
)
const named = (names: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...names, 'unknown', '__proto__'), likely, { maxKeys: 5 })
const NAMES = Object.keys(clientRules).filter((name) => name !== 'clock' && name !== 'transport')
const nested = fc.record(
  {
    timeouts: named(['connectMs', 'ttfbMs', 'idleMs', 'staleMs', 'totalMs']),
    retry: named(['baseDelayMs', 'maxDelayMs', 'maxHintMs', 'budget']),
    limits: named(['eventBytes', 'preludeBytes', 'headerBytes']),
    tls: named(['ca', 'cert', 'key', 'passphrase', 'servername', 'minVersion']),
    headers: named(['authorization', 'x-a', 'x\r\n']),
  },
  { requiredKeys: [] },
)
const options = fc.oneof(anything, named(NAMES), nested)

/** What is accepted works: it answers a call, or refuses it for a reason of its own. */
async function expectWorking(client: ResilientClient): Promise<void> {
  const { value, error } = await outcomeOf(client.responses.create({ model: 'm' }))
  if (error === undefined) expect(value).toMatchObject({ status: 'completed' })
  else expect(error).toBeInstanceOf(ResilientError)
  await client.destroy()
}

const transport = () => new FakeTransport(() => fake.respond(textStream()))

describe('whatever it is given', () => {
  it('a client works, or was refused with a ConfigurationError', async () => {
    await fc.assert(
      fc.asyncProperty(options, async (given) => {
        let client: ResilientClient
        try {
          client = new ResilientClient(invalid(given))
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
          expect((error as Error).message).not.toBe('')
          return
        }
        expect(client.stats()).toMatchObject({ activeCalls: 0 })
        await client.destroy()
      }),
      { seed: 5, numRuns: RUNS },
    )
  })

  it('a client over a transport answers, or was refused with a ConfigurationError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(named(NAMES), nested), async (given) => {
        let client: ResilientClient
        try {
          client = new ResilientClient(invalid({ ...given, transport: transport() }))
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
          return
        }
        await expectWorking(client)
      }),
      { seed: 6, numRuns: RUNS },
    )
  })

  it('a view works, or was refused with a ConfigurationError; its client works on', async () => {
    const client = new ResilientClient({ baseURL: 'https://api.test/v1', transport: transport() })
    await fc.assert(
      fc.asyncProperty(options, async (given) => {
        let view: ResilientClient
        try {
          view = client.withOptions(invalid(given))
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
          return
        }
        await expectWorking(view)
      }),
      { seed: 7, numRuns: RUNS },
    )
    await expectWorking(client)
  })

  const requestOptions = fc.oneof(
    anything,
    named(['signal', 'headers', 'interruption', 'validate', 'onDelta', 'onRestart', 'starting_after']),
    fc.record({ headers: named(['authorization', 'x-a', 'x\r\n']) }),
  )
  const params = fc.oneof(
    anything,
    named(['model', 'input', 'stream', 'background', 'store', 'previous_response_id', 'conversation']),
  )
  const FACES: ReadonlyArray<
    readonly [string, (client: ResilientClient, first: never, options: never) => Promise<unknown>]
  > = [
    ['stream()', async (client, given, option) => client.responses.stream(given, option).finalResponse()],
    ['create()', (client, given, option) => client.responses.create(given, option)],
    ['retrieve()', (client, given, option) => client.responses.retrieve(given, option)],
    ['cancel()', (client, given, option) => client.responses.cancel(given, option)],
    ['resume()', async (client, given, option) => client.responses.resume(given, option).finalResponse()],
  ]
  it.each(FACES)('%s answers, or refuses with an error of ours', async (_name, call) => {
    const given = fc.oneof(params, fc.string({ unit: 'binary' }))
    await fc.assert(
      fc.asyncProperty(given, requestOptions, async (first, option) => {
        const client = new ResilientClient({ baseURL: 'https://api.test/v1', transport: transport(), maxRetries: 0 })
        const { error } = await outcomeOf((async () => call(client, invalid(first), invalid(option)))())
        if (error !== undefined) expect(error).toMatchObject({ code: expect.any(String), attempts: expect.any(Array) })
        expect(client.stats()).toMatchObject({ activeCalls: 0 })
        await client.destroy()
      }),
      { seed: 8, numRuns: Math.ceil(RUNS / 3), examples: [[{}, { onDelta: null }]] },
    )
  })
})
