import { describe, expect, it } from 'vitest'
import { runSnippet } from '../docs/run-snippet.ts'

describe('the examples of docs/mocks.md, run', () => {
  it.each([
    ['MSW', "from 'msw'", 'hi 2'],
    ['nock', "from 'nock'", 'hi true'],
    ['MockAgent', 'new MockAgent()', 'hi'],
    ['a call that must fail', 'await clock.advance(60_000)', 'UpstreamError'],
    ['a break at the first delta', 'first + 1', 'true 1'],
  ])('%s', async (_, part, printed) => {
    const before = globalThis.fetch
    const { printed: lines, clients } = await runSnippet('docs/mocks.md', part)
    expect(lines).toEqual([printed])
    for (const client of clients) {
      expect(client.stats().activeCalls).toBe(0)
      await client.close()
    }
    expect(globalThis.fetch).toBe(before)
  })
})

it('the example of the README about testing runs', async () => {
  const { printed } = await runSnippet('README.md', 'new VirtualClock()')
  expect(printed).toHaveLength(1)
  expect(printed[0]).toMatch(/^200 event: response\.created[\s\S]*response\.completed[\s\S]* 3$/)
})
