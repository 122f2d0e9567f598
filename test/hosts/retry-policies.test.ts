import * as agents from '@openai/agents'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { expectNothingLeft } from '../e2e/support/nothing-left.ts'
import { agentsClient, type RetrySettings } from './support/agents.ts'
import { ANSWER_TEXT, answerEvents, CUT_AFTER_OUTPUT } from './support/failures.ts'
import { read } from './support/host.ts'

/** The retry policies of agents-js (`modelSettings.retry`), on a client without retries of its own. */

const RESET: Fault = { at: 'headers', effect: 'reset' }
const OVERLOADED: Fault = { at: 'headers', effect: 'status', status: 503 }

let server: MockResponsesServer
let client: ResilientClient

beforeEach(async () => {
  server = await MockResponsesServer.start({ respond: answerEvents })
})

afterEach(async () => {
  await expectNothingLeft(client, server)
  server.assertConsumed({ allowMore: true })
  await server.close()
})

/** An agent whose policy says yes where `policy` does; and how often it was asked. */
function connect(policy: NonNullable<RetrySettings['policy']>, maxRetries = 0) {
  client = new ResilientClient({ maxRetries, streamFailure: 'sse_error', retry: { baseDelayMs: 1 } })
  const asked: string[] = []
  const counted: typeof policy = (context) => {
    asked.push(context.stream ? 'streamed' : 'in one piece')
    return policy(context)
  }
  const settings = { baseURL: server.baseURL, fetch: client.fetch, maxRetries: 0 }
  const backoff = { initialDelayMs: 1, maxDelayMs: 1 }
  return { asked, host: agentsClient(agents, settings, { maxRetries: 2, policy: counted, backoff }) }
}

it.for([
  ['networkError', agents.retryPolicies.networkError(), RESET],
  ['httpStatus', agents.retryPolicies.httpStatus([503]), OVERLOADED],
  ['providerSuggested', agents.retryPolicies.providerSuggested(), OVERLOADED],
] as const)('%s acts on a failure before the first event, and on runs in one piece', async ([, policy, fault]) => {
  const { asked, host } = connect(policy)
  server.script([fault, 'ok', fault, 'ok'])
  expect(await read(host.stream())).toMatchObject({ answer: { text: ANSWER_TEXT, finished: true }, error: undefined })
  expect(await host.create()).toMatchObject({ text: ANSWER_TEXT, finished: true })
  expect(asked).toEqual(['streamed', 'in one piece'])
})

it('providerSuggested ends where our retries have ended: the answer says so', async () => {
  const { asked, host } = connect(agents.retryPolicies.providerSuggested(), 1)
  server.script([OVERLOADED, OVERLOADED])
  expect((await read(host.stream())).error).toMatchObject({ status: 503 })
  expect(asked).toEqual(['streamed'])
})

it('none is asked about a stream that has begun: agents-js never sends such a turn again', async () => {
  const { asked, host } = connect(() => true)
  server.script([CUT_AFTER_OUTPUT.faults])
  expect((await read(host.stream())).error).toMatchObject({ code: 'stream_incomplete' })
  expect(asked).toEqual([])
})
