/**
 * A unit test of code that makes calls: no network, no waiting. Copy it as `answer.test.ts`.
 */
import { ResilientClient } from 'resilient-responses'
import { FakeTransport, fake, textStream, VirtualClock } from 'resilient-responses/testing'
import { expect, it } from 'vitest'

/** The code under test: the answer, or an excuse. */
async function answer(client: ResilientClient, input: string): Promise<string> {
  try {
    return (await client.responses.create({ model: 'gpt-5.2', input })).output_text
  } catch {
    return 'Please try again later.'
  }
}

it('answers after the endpoint was silent once', async () => {
  const clock = new VirtualClock()
  const transport = new FakeTransport([fake.stall(), fake.respond(textStream({ text: 'Hello.' }))], { clock })
  const client = new ResilientClient({ transport })

  expect(await clock.until(answer(client, 'Hi'))).toBe('Hello.')

  expect(transport.requests.map(({ json }) => json)).toMatchObject([{ input: 'Hi' }, { input: 'Hi' }])
  transport.assertConsumed()
  transport.assertNothingLeft()
})

it('makes an excuse when the endpoint refuses for good', async () => {
  const clock = new VirtualClock()
  const transport = new FakeTransport([fake.status(400)], { clock })
  const client = new ResilientClient({ transport })

  expect(await clock.until(answer(client, 'Hi'))).toBe('Please try again later.')
  transport.assertConsumed()
})
