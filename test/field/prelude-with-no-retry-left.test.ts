import { describe, expect, it } from 'vitest'
import { type Answer, fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { HELLO, HELLO_BODY } from './support/hello.ts'
import { ASKED, QUICK, withClient } from './support/play.ts'

/** A stream that says only that the response exists, and then nothing: the connection stays open. */
function prelude(): Answer {
  const text = frames(HELLO.created, HELLO.inProgress)
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
  return { bytes: `${head}${text.length.toString(16)}\r\n${text}\r\n` }
}

/** What the drop-in has handed over when the endpoint has said no more than that the response exists. */
async function firstBytes(answers: readonly Answer[], options: object, init: RequestInit = {}) {
  await using server = await fieldServer(answers)
  const { baseURL } = server
  return await withClient({ ...QUICK, baseURL, ...options }, async (client) => {
    const response = await client.fetch(`${baseURL}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ASKED, stream: true }),
      ...init,
    })
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    await reader?.cancel()
    return { text: Buffer.from(value ?? []).toString(), requests: server.requests.length }
  })
}

const SAID = frames(HELLO.created, HELLO.inProgress)
const overloaded = jsonAnswer(503, {})

describe('the prelude of a call that has no retry left', () => {
  it('is handed over at its first event with maxRetries 0', async () => {
    expect(await firstBytes([prelude()], { maxRetries: 0 })).toEqual({ text: SAID, requests: 1 })
  })

  it('is handed over at its first event once the retries are used up', async () => {
    expect(await firstBytes([overloaded, prelude()], { maxRetries: 1 })).toEqual({ text: SAID, requests: 2 })
  })

  it('is handed over at its first event if the body can be read only once', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(JSON.stringify({ ...ASKED, stream: true })))
        controller.close()
      },
    })
    expect(await firstBytes([prelude()], {}, { body, duplex: 'half' } as RequestInit)).toEqual({
      text: SAID,
      requests: 1,
    })
  })

  it('is held while a retry is left, so that the retry is invisible', async () => {
    const cut = streamAnswer(SAID)
    const { text, requests } = await firstBytes([cut, streamAnswer(HELLO_BODY)], { maxRetries: 1 })
    expect(text).toBe(HELLO_BODY)
    expect(requests).toBe(2)
  })
})
