import { describe, expect, it } from 'vitest'
import { explain, findResilientError } from '../../src/index.ts'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from '../client/harness.ts'

const EVENTS = textStream({ text: 'hello' })
const SILENT = [fake.event(EVENTS[0] as object), fake.stall()]

describe('silence after response.created, on the drop-in with all defaults', () => {
  it('is cut after 300 s and retried, and the host sees one whole stream', async () => {
    const s = scenario([SILENT, fake.respond(EVENTS)])
    const { value } = await s.settle(s.post())
    expect(await readAll(value as Response)).toEqual({ text: toSSE(EVENTS), error: undefined })
    expect(s.decisions()).toMatchObject([{ code: 'idle_timeout', retry: true }])
    expect(s.transport.requests[1]?.at).toBeLessThan(300_200)
    await s.nothingIsLeft()
  })

  it('that happens again is handed over after 480 s, with an error that does not mention output', async () => {
    const s = scenario([SILENT, SILENT])
    const { value } = await s.settle(s.post())
    expect(s.clock.now()).toBe(480_000)
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read?.text).toBe(toSSE(EVENTS.slice(0, 1)))
    const error = findResilientError(read?.error)
    expect(error?.message).toContain('the held prelude was already handed over')
    expect(error?.message).not.toContain('output')
    expect(explain(error)).not.toContain('output')
    expect(s.events.find(({ type }) => type === 'attempt_commit')).toMatchObject({ reason: 'commit_after' })
    await s.nothingIsLeft()
  })

  it('is called output if the model has sent something', async () => {
    const upToDelta = EVENTS.slice(0, EVENTS.findIndex(({ type }) => type.endsWith('.delta')) + 1)
    const s = scenario([[fake.events(upToDelta), fake.reset()].flat()])
    const { value } = await s.settle(s.post())
    const { error } = await readAll(value as Response)
    expect(findResilientError(error)?.message).toContain('output was already handed over')
    await s.nothingIsLeft()
  })
})

describe('a cutoff that the user chose', () => {
  it.each([{ ttfbMs: 30_000 }, { ttfbMs: 30_000, staleMs: 40_000 }])(
    'is the same on every attempt: %j',
    async (timeouts) => {
      const s = scenario(
        [1, 2, 3, 4, 5].map(() => fake.stall()),
        { timeouts },
      )
      const { error } = await s.settle(s.post())
      const cutoffs = findResilientError(error)?.attempts.map(({ deadline }) => deadline)
      expect(cutoffs).toEqual(Array(5).fill({ name: 'ttfb', ms: 30_000, source: 'option' }))
      await s.nothingIsLeft()
    },
  )
})
