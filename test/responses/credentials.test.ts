import { describe, expect, it } from 'vitest'
import type { ResilientClientOptions } from '../../src/index.ts'
import { fake } from '../../src/testing/index.ts'
import { scenario } from './harness.ts'

const params = { model: 'm', input: 'hi' }
const HINT = 'No credential was sent: give the client `apiKey` or `headers`; OPENAI_API_KEY is not read'
const refused = () => fake.status(401, { body: { error: { message: 'You did not provide an API key.' } } })

describe('a 401', () => {
  it.each(['create', 'stream', 'retrieve', 'cancel', 'resume'] as const)(
    'of %s says so when no credential was sent',
    async (method) => {
      const s = scenario([refused()])
      const { responses } = s
      const { error } = await s.settle<unknown>(
        method === 'create'
          ? responses.create(params)
          : method === 'stream'
            ? responses.stream(params).finalResponse()
            : method === 'resume'
              ? responses.resume('resp_1').finalResponse()
              : responses[method]('resp_1'),
      )
      expect(error).toMatchObject({ status: 401, message: expect.stringContaining('You did not provide an API key.') })
      expect((error as Error).message).toContain(HINT)
      await s.nothingIsLeft()
    },
  )

  it.each<ResilientClientOptions>([
    { apiKey: 'k' },
    { headers: { authorization: 'Bearer k' } },
    { headers: { 'api-key': 'k' } },
    { headers: () => ({ 'x-api-key': 'k' }) },
  ])('says nothing of it when one was: %o', async (options) => {
    const s = scenario(refused, options)
    const { error } = await s.settle(s.responses.create(params))
    expect(error).toMatchObject({ status: 401 })
    expect((error as Error).message).not.toContain('OPENAI_API_KEY')
  })

  it('and no other status does', async () => {
    const s = scenario([fake.status(403)])
    const { error } = await s.settle(s.responses.create(params))
    expect((error as Error).message).not.toContain('OPENAI_API_KEY')
    await s.nothingIsLeft()
  })
})
