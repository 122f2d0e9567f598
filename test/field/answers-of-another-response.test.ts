import { describe, expect, it } from 'vitest'
import { ProtocolError, StreamInterruptedError } from '../../src/index.ts'
import { fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { added, broken, completed, created, delta, KEPT, message, response } from './support/kept.ts'
import { playStream, withClient } from './support/play.ts'

const OTHER = { id: 'resp_other', output: [message('of another tenant')] }
const cut = broken(created(0), added(1), delta(2, 'hel'))
const rest = streamAnswer(frames(delta(3, 'lo'), completed(4)))

const others = {
  'a stream that begins with it': streamAnswer(frames(created(3, OTHER), completed(4, OTHER))),
  'a stream that ends with it': streamAnswer(frames(completed(3, OTHER))),
  'the whole of it as JSON': jsonAnswer(200, response(OTHER)),
}

describe.each(Object.entries(others))('after a resume, %s: another response', (_name, other) => {
  it('is requested again on another connection', async () => {
    await using server = await fieldServer([cut, other, rest])
    const { events, result, error } = await playStream({ baseURL: server.baseURL }, KEPT)
    expect(error).toBeUndefined()
    expect(events.map((event) => (event as { sequence_number?: number }).sequence_number)).toEqual([0, 1, 2, 3, 4])
    expect(result).toMatchObject({ id: 'resp_1', output_text: 'hello' })
    expect(server.server.connections).toHaveLength(3)
  })

  it('is never handed over, even if nothing else arrives', async () => {
    await using server = await fieldServer([cut, other])
    const { events, error } = await playStream({ baseURL: server.baseURL, maxRetries: 1 }, KEPT)
    expect(JSON.stringify(events)).not.toContain('another tenant')
    expect(error).toBeInstanceOf(StreamInterruptedError)
    expect(error).toMatchObject({ code: 'wrong_response', responseId: 'resp_1', lastSequenceNumber: 2 })
    expect((error as StreamInterruptedError).partial?.text).toBe('hel')
    expect((error as Error).message).not.toContain('resp_other')
  })
})

describe('a response of another id', () => {
  it.each(['a poll', 'retrieve', 'cancel'])('is retried after %s', async (what) => {
    const answers = [jsonAnswer(200, response(OTHER)), jsonAnswer(200, response())]
    await using server = await fieldServer(what === 'a poll' ? [cut, jsonAnswer(404, {}), ...answers] : answers)
    const { baseURL } = server
    if (what === 'a poll') {
      expect((await playStream({ baseURL }, KEPT)).result).toMatchObject({ id: 'resp_1', output_text: 'hello' })
      return
    }
    await withClient({ baseURL }, async ({ responses }) => {
      const asked = what === 'cancel' ? responses.cancel('resp_1') : responses.retrieve('resp_1')
      expect(await asked).toMatchObject({ id: 'resp_1' })
    })
    expect(server.requests).toHaveLength(2)
  })

  it('ends retrieve with wrong_response if nothing else arrives', async () => {
    await using server = await fieldServer([jsonAnswer(200, response(OTHER))])
    await withClient({ baseURL: server.baseURL, maxRetries: 1 }, async ({ responses }) => {
      const error = await responses.retrieve('resp_1').catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ProtocolError)
      expect(error).toMatchObject({ code: 'wrong_response', responseId: 'resp_1', retryable: true })
    })
    expect(server.requests).toHaveLength(2)
  })

  it('is accepted if the stream itself changed to it before it broke', async () => {
    const changed = { id: 'resp_2' }
    const inProgress = { ...created(1, changed), type: 'response.in_progress' }
    await using server = await fieldServer([
      broken(created(0), inProgress, added(2), delta(3, 'hel')),
      streamAnswer(frames(delta(4, 'lo'), completed(5, changed))),
    ])
    expect((await playStream({ baseURL: server.baseURL }, KEPT)).result).toMatchObject({ output_text: 'hello' })
    expect(server.requests).toHaveLength(2)
  })

  it('does not matter if the answer has no id', async () => {
    await using server = await fieldServer([jsonAnswer(200, response({ id: undefined }))])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      expect(await responses.retrieve('resp_1')).toMatchObject({ status: 'completed' })
    })
  })
})
