import { expect, it, vi } from 'vitest'
import { type FetchFunction, fetchTransport, findResilientError, ResilientClient } from '../../src/index.ts'
import { invalid } from '../support/typed.ts'
import { type Answer, make, WHOLE } from './support/answers.ts'
import { served } from './support/served.ts'
import { type Wrapped, wrappingSuite } from './support/suite.ts'

wrappingSuite('the built-in fetch', (answers) => served((input, init) => globalThis.fetch(input, init), answers))

/** As tests write it: a function that gives out `Response`s made by hand, and takes no notice of the signal. */
wrappingSuite('a mock by vi.fn', (answers) => {
  const mock = mocked(answers)
  return { ...mock, fetch: vi.fn((input, { signal: _, ...init }: RequestInit = {}) => mock.fetch(input, init)) }
})

/** As MSW does it: it is given a `Request`, and its answers are of a class of its own, their bodies piped through. */
wrappingSuite('a mock in the way of MSW', (answers) => {
  class MockedResponse extends Response {}
  const mock = mocked(answers)
  const fetch: FetchFunction = async (input, init) => {
    const request = new Request(input, init)
    const made = await mock.fetch(request.url, { body: await request.text(), signal: request.signal })
    const response = new MockedResponse(made.body?.pipeThrough(new TransformStream()) ?? null, made)
    Object.defineProperty(response, 'url', { value: request.url })
    return response
  }
  return { ...mock, fetch }
})

function mocked(answers: readonly Answer[]): Wrapped {
  const received: string[] = []
  const cancelled = new Set<number>()
  return {
    async fetch(_input, init) {
      const { body } = init ?? {}
      const n = received.push(body instanceof Uint8Array ? Buffer.from(body).toString() : String(body ?? ''))
      const answer = answers[n - 1]
      if (answer === undefined) throw new Error(`request ${n} was not expected`)
      return make(answer, init?.signal, () => cancelled.add(n))
    },
    origin: 'https://mock.test',
    received: () => received,
    isFree: (n) => cancelled.has(n),
    async end() {},
  }
}

const post = { method: 'POST', body: '{"stream":true}' }

it('a mock that gives out one and the same Response again is told of, in words', async () => {
  const response = make(WHOLE, undefined, () => {})
  const client = new ResilientClient({ transport: fetchTransport(vi.fn().mockResolvedValue(response)), maxRetries: 0 })
  await (await client.fetch('https://mock.test/v1/responses', post)).text()
  const again = await client.fetch('https://mock.test/v1/responses', post).catch((error: unknown) => error)
  expect(again).toBeInstanceOf(TypeError)
  expect(findResilientError(again)?.cause).toMatchObject({
    message: expect.stringContaining('a new Response for each call'),
  })
  await client.close()
})

it('a mock need not be async', async () => {
  const made = new Response('{}')
  const client = new ResilientClient({ transport: fetchTransport(invalid(() => made)) })
  expect(await client.fetch('https://mock.test/v1/models')).toBe(made)
  await client.close()
})
