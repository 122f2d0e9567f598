import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const final = ok.at(-1)?.response as Record<string, unknown>
const params = { model: 'm', input: 'hi' }
const json = (body: unknown) => fake.status(200, { body: body as object })

const NONE = [
  ['no field at all', {}, 'an object without fields'],
  ['fields of something else', { detail: 'the conversation', status: 'ok' }, 'an object with detail, status'],
  ['a list', [], 'a list'],
] as const

describe('JSON that is not a response, with status 200', () => {
  it.each(NONE)('is an error for a call that asked for a stream, after the retries: %s', async (_, body, words) => {
    for (const ask of ['create', 'stream', 'fetch'] as const) {
      const s = scenario(() => json(body), { maxRetries: 1 })
      const { error } = await s.settle<unknown>(
        ask === 'create'
          ? s.responses.create(params)
          : ask === 'stream'
            ? s.responses.stream(params).finalResponse()
            : s.post(),
      )
      const ours = findResilientError(error)
      expect(ours).toMatchObject({ code: 'unexpected_content', giveUpReason: 'retries_exhausted' })
      expect(ours?.message).toContain(`Expected an event stream, got application/json: ${words}`)
      expect(ours?.message).not.toContain('conversation')
      expect(s.transport.requests).toHaveLength(2)
      await s.nothingIsLeft()
    }
  })

  it('is retried, like a page', async () => {
    const s = scenario([json({}), fake.respond(ok)])
    expect((await s.settle(s.responses.create(params))).value).toEqual(final)
    expect(s.decisions()).toMatchObject([{ code: 'unexpected_content', lane: 'pushback', retry: true }])
    await s.nothingIsLeft()
  })

  it.each(NONE)('is an error for a call that asked for a response: %s', async (_, body) => {
    const s = scenario(() => json(body))
    for (const ask of [
      () => s.responses.retrieve('resp_1'),
      () => s.responses.cancel('resp_1'),
      () => s.responses.create({ ...params, background: true }),
    ]) {
      expect((await s.settle(ask())).error).toMatchObject({ code: 'unexpected_content' })
    }
    await s.nothingIsLeft()
  })

  it('ends the polling of a background response', async () => {
    const s = scenario([fake.status(404), json({})], { maxRetries: 0 })
    const { error } = await s.settle(s.responses.resume('resp_1', { starting_after: 5 }).finalResponse())
    expect(error).toMatchObject({ code: 'unexpected_content' })
    await s.nothingIsLeft()
  })
})

describe('a response with many fields missing', () => {
  it.each([{ id: 'resp_1' }, { output: [] }, { status: 'completed' }, { object: 'response' }])(
    'is accepted: %j',
    async (body) => {
      const s = scenario(() => json(body))
      expect((await s.settle(s.responses.create(params))).value).toMatchObject(body)
      expect((await s.settle(s.responses.retrieve('resp_1'))).value).toMatchObject(body)
      await s.nothingIsLeft()
    },
  )

  it.each(['text/html', 'application/xml'])('is accepted under a wrong content type: %s', async (type) => {
    const body = JSON.stringify(final)
    const s = scenario([fake.status(200, { headers: { 'content-type': type }, body })])
    expect((await s.settle(s.responses.create(params))).value).toEqual(final)
    await s.nothingIsLeft()
  })
})
