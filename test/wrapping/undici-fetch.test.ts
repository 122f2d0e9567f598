import { Agent, fetch as undiciFetch } from 'undici'
import { expect, it } from 'vitest'
import { type FetchFunction, fetchTransport, ResilientClient } from '../../src/index.ts'
import { beyondTheStandard } from '../support/typed.ts'
import { MODELS, WHOLE } from './support/answers.ts'
import { served } from './support/served.ts'
import { wrappingSuite } from './support/suite.ts'

// In a file of its own: undici's main entry may give the built-in fetch another dispatcher.
const overUndici = beyondTheStandard<FetchFunction>(undiciFetch)

wrappingSuite('undici.fetch with a dispatcher of its own', async (answers) => {
  const agent = new Agent()
  const fetch: FetchFunction = (input, init) => overUndici(input, beyondTheStandard({ ...init, dispatcher: agent }))
  return served(fetch, answers, async () => {
    expect(agent.closed).toBe(false)
    expect(agent.destroyed).toBe(false)
    await agent.destroy()
  })
})

it('a caller’s dispatcher is handed on, used, and left open', async () => {
  const agent = new Agent()
  let connects = 0
  agent.on('connect', () => connects++)
  const server = await served(overUndici, [WHOLE, MODELS])
  const client = new ResilientClient({ transport: fetchTransport(overUndici) })
  const init = beyondTheStandard<RequestInit>({ dispatcher: agent })
  const post = { ...init, method: 'POST', body: '{"stream":true}' }
  expect(await (await client.fetch(`${server.origin}/v1/responses`, post)).text()).toBe(WHOLE.parts.join(''))
  expect(await (await client.fetch(`${server.origin}/v1/models`, init)).json()).toEqual({ data: [] })
  expect(connects).toBeGreaterThan(0)
  await client.close()
  expect(agent.closed).toBe(false)
  await agent.destroy()
  await server.end()
})
