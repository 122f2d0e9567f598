import { MockAgent, fetch as undiciFetch } from 'undici'
import { expect, it } from 'vitest'
import { createResilientFetch } from '../../src/index.ts'
import { beyondTheStandard } from '../support/typed.ts'
import { ASKED, QUICK } from './support/play.ts'

// A mock of undici compares a body with what undici's own `fetch` hands it: the text that the caller gave.

const ORIGIN = 'https://api.test'
const BODY = JSON.stringify(ASKED)

it.each([
  ['a text', '/v1/responses', BODY, BODY],
  ['a text of another call', '/v1/files', 'täxt', 'täxt'],
  ['parameters', '/v1/files', new URLSearchParams({ a: 'b c' }), 'a=b+c'],
])('an interceptor of a MockAgent sees %s as it sees that of undici.fetch', async (_what, path, body, text) => {
  const seen: unknown[] = []
  for (const expected of [text, (given: unknown) => seen.push(given) > 0]) {
    const agent = new MockAgent()
    agent.disableNetConnect()
    agent
      .get(ORIGIN)
      .intercept({ path, method: 'POST', body: expected as string })
      .reply(200, { id: 'resp_1' })
      .times(2)
    const fetch = createResilientFetch({ ...QUICK, maxRetries: 0 })
    const init = beyondTheStandard<RequestInit>({ method: 'POST', body, dispatcher: agent })
    expect(await (await undiciFetch(ORIGIN + path, beyondTheStandard(init))).json()).toEqual({ id: 'resp_1' })
    expect(await (await fetch(ORIGIN + path, init)).json()).toEqual({ id: 'resp_1' })
    agent.assertNoPendingInterceptors()
    await fetch.close()
    await agent.close()
  }
  expect(new Set(seen)).toEqual(new Set([text]))
})
