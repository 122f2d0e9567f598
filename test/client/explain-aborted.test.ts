import { describe, expect, it } from 'vitest'
import { explain } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const FIRST_EVENTS = textStream({ text: 'hello' }).slice(0, 5)

describe('explain of the reason of an abort', () => {
  it('tells of the call that it ended, also inside the error that an SDK makes of it', async () => {
    const s = scenario([fake.status(503), fake.stall()], { retry: { baseDelayMs: 1 } })
    const posted = s.post()
    await s.clock.advance(5000)
    s.controller.abort()
    const { error } = await s.settle(posted)
    expect(error).toBe(s.controller.signal.reason)
    expect(explain(error)?.split('\n')).toEqual([
      'attempt 1 at 0 ms (call began 2026-01-01T00:00:00.000Z): connected in 0 ms, answered 503 after 0 ms',
      expect.stringMatching(/^attempt 2 at .* aborted by the caller after (?:5|4\.\d) s, while waiting$/),
    ])
    expect(explain(new Error('Request timed out.', { cause: error }))).toBe(explain(error))
    expect(explain(error, { picture: true })).toContain('⊘')
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('tells of a stream that was aborted while it was read', async () => {
    const s = scenario([[fake.events(FIRST_EVENTS), fake.stall()].flat()])
    const { value } = await s.settle(s.post())
    const read = readAll(value as Response)
    await s.clock.advance(2000)
    s.controller.abort(new Error('the user pressed stop'))
    const { value: end } = await s.settle(read)
    expect(end?.error).toBe(s.controller.signal.reason)
    expect(explain(end?.error)).toMatch(/^attempt 1 .* aborted by the caller after 2 s, while handing over the answer$/)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('tells of a typed call between two attempts', async () => {
    const s = scenario(() => fake.status(503), { retry: { baseDelayMs: 20_000 } })
    const stream = s.client.responses.stream({ model: 'm', input: 'hi' }, { signal: s.controller.signal })
    await s.clock.advance(1)
    s.controller.abort()
    const { error } = await s.settle(stream.finalResponse())
    expect(explain(error)).toMatch(
      /^attempt 1 .*answered 503 after 0 ms\naborted by the caller before the next attempt$/,
    )
    expect(explain(error)).toBe(explain(stream))
    await s.nothingIsLeft()
  })

  it('tells of no call if the reason ended several, is not an object, or ended a call before its first attempt', async () => {
    const s = scenario(() => fake.stall())
    const both = Promise.allSettled([s.post(), s.post()])
    await s.clock.advance(1000)
    s.controller.abort()
    const { reason } = s.controller.signal
    expect((await s.settle(both)).value).toMatchObject([{ reason }, { reason }])
    expect(explain(reason)).toBeUndefined()
    await s.nothingIsLeft({ allowHangUp: true })

    const named = scenario([fake.stall()])
    const posted = named.post()
    await named.clock.advance(1000)
    named.controller.abort('stopped')
    expect(explain((await named.settle(posted)).error)).toBeUndefined()
    await named.nothingIsLeft({ allowHangUp: true })

    const early = scenario([])
    early.controller.abort()
    expect(explain((await early.settle(early.post())).error)).toBeUndefined()
    await early.nothingIsLeft()
  })

  it('of a resumed response tells only the stream, which has all attempts', async () => {
    const events = textStream({ text: 'hello', background: true })
    const s = scenario([[fake.events(events.slice(0, 5)), fake.reset()].flat(), fake.stall()])
    const stream = s.client.responses.stream(
      { model: 'm', input: 'hi', background: true, store: true },
      { signal: s.controller.signal },
    )
    const final = stream.finalResponse()
    final.catch(() => {})
    await s.clock.advance(3000)
    s.controller.abort()
    const { error } = await s.settle(final)
    expect(explain(stream)?.split('\n')).toHaveLength(2)
    expect(explain(error)).toBeUndefined()
    await s.nothingIsLeft({ allowHangUp: true })
  })
})
