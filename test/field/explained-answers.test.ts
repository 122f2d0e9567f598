import { describe, expect, it } from 'vitest'
import { explain, findResilientError } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from '../client/harness.ts'

const ok = textStream({ text: 'hello' })
const cut = [fake.events(ok.slice(0, 6)), fake.reset()].flat()
const CHAT = 'https://api.test/v1/chat/completions'

describe('explain() of an answer whose stream broke after output', () => {
  it('ends with the reason, as explain() of its error does', async () => {
    const s = scenario([cut])
    const response = (await s.settle(s.post())).value as Response
    const { value } = await s.settle(readAll(response))
    expect(explain(response)).toMatch(
      /\nconnection_reset: .* No further attempt: a part of the answer was already handed over\.$/,
    )
    expect(explain(response)).toBe(explain(value?.error))
    await s.nothingIsLeft()
  })
})

describe('explain() of the error answer of a passthrough call', () => {
  it.each([
    ['is final', 400, 3, 'a retry would not help'],
    ['came after the last retry', 429, 1, 'all retries are used (`maxRetries`)'],
    ['came when no retry was allowed', 503, 0, 'all retries are used (`maxRetries`)'],
  ] as const)('that %s names the status and the reason', async (_, status, maxRetries, reason) => {
    const s = scenario(() => fake.status(status, { body: { error: { message: 'words' } } }), { maxRetries })
    const { value } = await s.settle(s.client.fetch(CHAT, { method: 'POST', body: '{"model":"m"}' }))
    const response = value as Response
    const lines = explain(response)?.split('\n') ?? []
    expect(lines[0]).toBe(`The endpoint answered ${status}. Its message is in the body, which was passed on unread.`)
    expect(lines.at(-1)).toBe(`http_status: The endpoint answered with an error status. No further attempt: ${reason}.`)
    expect((await s.settle(response.text())).value).toContain('words')
    await s.nothingIsLeft()
  })

  it('has no such line after a success', async () => {
    const s = scenario([fake.status(200, { body: {} })])
    const response = (await s.settle(s.client.fetch(CHAT, { method: 'POST', body: '{"model":"m"}' }))).value as Response
    await s.settle(response.text())
    expect(explain(response)).toMatch(/^attempt 1 .*answered 200 after 0 ms$/)
    await s.nothingIsLeft()
  })
})

describe('findResilientError', () => {
  it('finds the error of an answer with which a call gave up, and of one whose stream broke', async () => {
    const s = scenario([fake.status(400), cut])
    const refused = (await s.settle(s.post())).value as Response
    expect(findResilientError(refused)).toMatchObject({ code: 'http_status', status: 400 })
    const broken = (await s.settle(s.post())).value as Response
    expect(findResilientError(broken)).toBeUndefined()
    await s.settle(readAll(broken))
    expect(findResilientError(broken)).toMatchObject({ code: 'connection_reset' })
    await s.nothingIsLeft()
  })

  it('finds the error of a typed stream once it has failed, and none after the own abort of the caller', async () => {
    const s = scenario([cut, fake.respond(ok), fake.stall()])
    const ask = () => s.client.responses.stream({ model: 'm', input: 'hi' })
    const failed = ask()
    const { error } = await s.settle(failed.finalResponse())
    expect(findResilientError(failed)).toBe(error)
    const done = ask()
    await s.settle(done.finalResponse())
    expect(findResilientError(done)).toBeUndefined()
    const aborted = ask()
    await s.clock.advance(1)
    aborted.abort()
    await s.settle(aborted.finalResponse())
    expect(findResilientError(aborted)).toBeUndefined()
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
