/* The testing kit under jest, whose modules run in a separate context. */
import { ResilientClient } from 'resilient-responses'
import { FakeTransport, fake, textStream, VirtualClock } from 'resilient-responses/testing'
import { MockResponsesServer } from 'resilient-responses/testing/server'

const params = { model: 'm', input: 'Hi' }

test('a call in virtual time', async () => {
  const clock = new VirtualClock()
  const transport = new FakeTransport([fake.stall(), fake.respond(textStream({ text: 'hi' }))], { clock })
  const client = new ResilientClient({ transport })
  const response = await clock.until(client.responses.create(params))
  if (response.output_text !== 'hi') throw new Error(response.output_text)
})

test('a call over a socket', async () => {
  const server = await MockResponsesServer.start()
  const client = new ResilientClient({ baseURL: server.baseURL, apiKey: 'any' })
  const response = await client.responses.create(params)
  if (response.status !== 'completed') throw new Error(response.status)
  await client.close()
  await server.close()
})
