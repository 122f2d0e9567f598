import { describe, expect, it } from 'vitest'
import { StreamInterruptedError, UpstreamError } from '../../src/index.ts'
import { type Answer, fieldServer, jsonAnswer } from './support/field-server.ts'
import { added, broken, created, delta, KEPT } from './support/kept.ts'
import { playStream, withClient } from './support/play.ts'

const cut = broken(created(0), added(1), delta(2, 'hel'))
const error = { error: { message: 'Not like this.', code: 'no_such_thing' } }
const refusals: Readonly<Record<string, Answer>> = {
  '503 for ever': jsonAnswer(503, error),
  '401': jsonAnswer(401, error),
  '405': jsonAnswer(405, error),
  '422': jsonAnswer(422, error),
  '429 for an hour': jsonAnswer(429, error, { 'retry-after': '3600' }),
  '404, to the poll as well': jsonAnswer(404, error),
}

describe.each(Object.entries(refusals))('after output, a resume that is refused with %s', (name, refusal) => {
  const status = Number(name.slice(0, 3))

  it('is an interruption, with the output so far and the words of the endpoint', async () => {
    await using server = await fieldServer([cut, refusal])
    const { error: thrown } = await playStream({ baseURL: server.baseURL }, KEPT)
    expect(thrown).toBeInstanceOf(StreamInterruptedError)
    expect(thrown).toMatchObject({ code: 'http_status', responseId: 'resp_1', lastSequenceNumber: 2 })
    expect((thrown as StreamInterruptedError).partial?.text).toBe('hel')
    const { cause } = thrown as StreamInterruptedError
    expect(cause).toBeInstanceOf(UpstreamError)
    expect(cause).toMatchObject({ status, upstreamCode: 'no_such_thing', upstreamMessage: 'Not like this.' })
    expect((thrown as StreamInterruptedError).attempts.length).toBe(server.requests.length)
    const [opening, first] = (thrown as StreamInterruptedError).explain().split('\n')
    expect(opening).toBe(`Not like this. (${status}, no_such_thing)`)
    expect(first).toMatch(/^attempt 1 /)
  })

  it('is an interruption for resume(id), too', async () => {
    await using server = await fieldServer([broken(delta(43, 'hel')), refusal])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      const thrown = await responses
        .resume('resp_1', { starting_after: 42 })
        .finalResponse()
        .catch((it: unknown) => it)
      expect(thrown).toBeInstanceOf(StreamInterruptedError)
      expect(thrown).toMatchObject({ responseId: 'resp_1', lastSequenceNumber: 43, partial: { text: 'hel' } })
    })
  })

  it('before any output of resume(id) is the error of the endpoint', async () => {
    await using server = await fieldServer([refusal])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      const thrown = await responses
        .resume('resp_1')
        .finalResponse()
        .catch((it: unknown) => it)
      expect(thrown).toBeInstanceOf(UpstreamError)
      expect(thrown).toMatchObject({ status })
    })
  })
})
