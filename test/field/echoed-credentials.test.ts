import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { findResilientError, ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { answer, fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, QUICK, withClient } from './support/play.ts'

const KEY = 'sword/fish+0 & <more>'
const HEADERS = { 'x-tenant': KEY, authorization: `Basic ${btoa('swordfish-user:swordfish-pass')}` }
const HTML = 'sword/fish+0 &amp; &lt;more&gt;'
const ECHOES = [
  `no such tenant ${KEY}`,
  `no such tenant ${KEY.toUpperCase()}`,
  `no such tenant ${encodeURIComponent(KEY)}`,
  `no such tenant ${encodeURIComponent(KEY).replaceAll('%20', '+').toLowerCase()}`,
  `no such tenant ${HTML}`,
  `user swordfish-user:swordfish-pass, user swordfish-user`,
  'at /v1/responses?code=sword fish%2F1',
  'at /v1/responses?code=sword+fish/1',
]
const PLANTED = /sword(?:\s|%20|\+|\/|%2f|&#x2f;)?fish/i

describe('an echo of the request in the words of an endpoint is not shown', () => {
  it.each(ECHOES)('%s', async (echo) => {
    const error = { code: `bad ${echo}`, type: echo, message: echo }
    const id = Buffer.from(echo, 'latin1').toString('latin1')
    await using server = await fieldServer([
      jsonAnswer(400, { error }, { 'x-request-id': id }),
      answer(200, `<html>${echo}</html>`, { 'content-type': 'text/html', 'x-request-id': id }),
      streamAnswer(`data: ${JSON.stringify({ type: 'error', error })}\n\n`, { 'x-request-id': id }),
    ])
    const events: TelemetryEvent[] = []
    const client = new ResilientClient({
      ...QUICK,
      maxRetries: 0,
      baseURL: `${server.baseURL}?code=sword+fish%2F1`,
      headers: HEADERS,
      onEvent: (event) => events.push(event),
    })
    const play = async (act: () => Promise<unknown>) => {
      const thrown = await act().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      const ours = findResilientError(thrown)
      for (const value of [thrown, ours?.explain(), ours?.requestIds, ours?.attempts]) {
        expect(inspect(value, { depth: 9, showHidden: true })).not.toMatch(PLANTED)
      }
    }
    for (let n = 0; n < 3; n++) await play(() => client.responses.stream(ASKED).finalResponse())
    const init = { method: 'POST', body: JSON.stringify({ ...ASKED, stream: true }) }
    const url = `${server.baseURL}/responses?code=sword+fish%2F1`
    await play(async () => (await client.fetch(url, init)).text())
    await client.destroy()
    expect(events.length).toBeGreaterThan(10)
    for (const event of events) expect(inspect(event, { depth: 9 })).not.toMatch(PLANTED)
  })

  it('but its other words are', async () => {
    await using server = await fieldServer([
      jsonAnswer(400, { error: { message: "Unknown parameter: 'stream_options'." } }, { 'x-request-id': 'req_0123' }),
    ])
    const error = await withClient({ baseURL: server.baseURL, headers: { 'x-tenant': 'mine-0' } }, (client) =>
      client.responses.create(ASKED).catch((thrown: unknown) => findResilientError(thrown)),
    )
    expect(error).toMatchObject({ message: expect.stringContaining("'stream_options'"), requestIds: ['req_0123'] })
  })
})
