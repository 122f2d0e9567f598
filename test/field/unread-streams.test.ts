import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { ResilientClient, StreamInterruptedError } from '../../src/index.ts'
import { until } from '../support/until.ts'
import { type Answer, fieldServer, frames } from './support/field-server.ts'
import { HELLO } from './support/hello.ts'
import { ASKED } from './support/play.ts'

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'
const created = { ...HELLO.created, sequence_number: 0 }
const delta = { ...HELLO.delta, sequence_number: 1 }
// biome-ignore lint/suspicious/noThenProperty: what the server does behind its bytes.
const BROKEN: Answer = { bytes: head + frames(created, delta), then: 'end' }

it.each([
  ['interruption: restart', {}, { interruption: 'restart' }],
  ['background and store', { background: true, store: true }, {}],
] as const)(
  'a stream that breaks after its first output delays close() until staleMs: %s',
  async (_, body, options) => {
    await using server = await fieldServer([BROKEN])
    const client = new ResilientClient({
      baseURL: server.baseURL,
      apiKey: 'sk-field',
      timeouts: { staleMs: 1000 },
    })
    const { signal } = new AbortController()
    const stream = client.responses.stream({ ...ASKED, ...body }, { ...options, signal })
    await until(() => stream.attempts.length === 1, 'the stream has broken')
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await client.close()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0 })
    const error = await stream.finalResponse().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StreamInterruptedError)
    expect(error).toMatchObject({ giveUpReason: 'deadline_exceeded', partial: { text: 'Hi' } })
    expect(server.requests).toHaveLength(1)
  },
)
