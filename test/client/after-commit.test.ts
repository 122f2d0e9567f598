import { describe, expect, it } from 'vitest'
import { fake, sseFrame, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)
const completed = ok.at(-1) as (typeof ok)[0]
describe('after the commit', () => {
  it('ends right after the terminal event, whatever follows it in the same read', async () => {
    const s = scenario([fake.bytes(`${toSSE(ok)}data: [DONE]\n\n<html>`)])
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it('a complete terminal event that lacks its blank line gets it', async () => {
    const s = scenario([fake.bytes(toSSE(ok).trimEnd())])
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it("streamFailure: 'sse_error' ends with an error event after the last whole frame", async () => {
    const half = sseFrame(completed).slice(0, 40)
    const s = scenario([[fake.events(upToDelta), fake.bytes(half), fake.reset()].flat()], {
      streamFailure: 'sse_error',
    })
    const { text, error } = await readAll((await s.settle(s.post())).value as Response)
    expect(error).toBeUndefined()
    expect(text.startsWith(toSSE(upToDelta))).toBe(true)
    const last = JSON.parse(text.slice(toSSE(upToDelta).length).split('data: ')[1] as string)
    expect(last).toMatchObject({
      type: 'error',
      sequence_number: upToDelta.length,
      error: { code: 'connection_reset' },
    })
    expect(text).not.toContain(half)
    await s.nothingIsLeft()
  })

  it('an unread body is freed after staleMs', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 1000 })], { timeouts: { staleMs: 100_000 } })
    await s.settle(s.post())
    await s.clock.advance(100_000)
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
