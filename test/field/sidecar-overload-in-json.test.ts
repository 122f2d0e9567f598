import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { explain, ResilientClient } from '../../src/index.ts'
import { startSidecar } from '../../src/sidecar/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { response } from './support/kept.ts'
import { QUICK } from './support/play.ts'

const failed = (code: string) =>
  streamAnswer(
    frames({
      type: 'response.failed',
      response: response({ status: 'failed', output: [], error: { code, message: 'Not now.' } }),
    }),
  )
const ASKED = { model: 'gpt-5', input: 'Hello' } as const

it.each([
  ['server_is_overloaded', 503],
  ['slow_down', 503],
  ['rate_limit_exceeded', 429],
] as const)(
  'an overload that comes in a stream is a status for a program that asked for JSON: %s',
  async (code, status) => {
    await using server = await fieldServer([failed(code)])
    const options = { upstream: server.baseURL, port: 0, hedge: false, maxRetries: 1, ...QUICK } as const
    await using sidecar = await startSidecar(options)
    const openai = new OpenAI({ apiKey: 'sk-field', baseURL: `${sidecar.url}/v1`, maxRetries: 0 })
    const error: unknown = await openai.responses.create(ASKED).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status, code })
    expect(Number((error as { headers: Headers }).headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
    expect(server.requests).toHaveLength(2)
  },
)

it('and explain() tells of the failure behind the JSON of client.fetch', async () => {
  await using server = await fieldServer([failed('server_is_overloaded')])
  const client = new ResilientClient({
    apiKey: 'sk-field',
    ...QUICK,
    maxRetries: 1,
    hedge: false,
    upgradeToStream: true,
  })
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-field' }
  const init = { method: 'POST', headers, body: JSON.stringify(ASKED) }
  const answer = await client.fetch(`${server.baseURL}/responses`, init)
  expect(await answer.json()).toMatchObject({ status: 'failed', error: { code: 'server_is_overloaded' } })
  expect(explain(answer)).toMatch(/^Not now\. \(server_is_overloaded\)\nattempt 1 /)
  await client.close()
})
