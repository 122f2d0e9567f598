import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { FakeTransport, fake, VirtualClock } from '../../src/testing/index.ts'

const root = path.resolve(import.meta.dirname, '../..')
const MIN = 60_000

/** How long a call takes to fail where no attempt is answered, in milliseconds of virtual time. */
async function timeToFail(
  options: ResilientClientOptions,
  make: (client: ResilientClient) => Promise<unknown>,
  step = fake.stall(),
): Promise<number> {
  const clock = new VirtualClock()
  const attempts = (options.maxRetries ?? 4) + 1
  const transport = new FakeTransport(Array(attempts).fill(step), { clock })
  const client = new ResilientClient({ ...options, transport })
  await expect(clock.until(make(client))).rejects.toThrow()
  return clock.now()
}

const params = { model: 'gpt-5.2', input: 'Hello' }
const typed = (client: ResilientClient) => client.responses.create(params)
const withEffort = (effort: 'medium' | 'high') => (client: ResilientClient) =>
  client.responses.create({ ...params, reasoning: { effort } })
const dropIn = (client: ResilientClient) => {
  const body = JSON.stringify({ ...params, reasoning: { effort: 'high' }, stream: true })
  return client.fetch('https://api.openai.com/v1/responses', { method: 'POST', body })
}

describe('what the pages say of a dead endpoint', () => {
  it.each([
    ['6.5 min', 6.5 * MIN, {}, typed],
    ['17 min', 17 * MIN, {}, withEffort('medium')],
    ['43 min', 43 * MIN, {}, withEffort('high')],
    ['9 min', 9 * MIN, {}, dropIn],
    ['100 s', 100_000, { timeouts: { ttfbMs: 20_000 } }, typed],
    ['1 min', MIN, {}, typed, fake.connectStall()],
  ] as const)('docs/timeouts.md: a call fails after %s', async (said, ms, options, make, step = fake.stall()) => {
    const took = await timeToFail(options, make, step)
    expect(Math.abs(took - ms) / ms).toBeLessThan(0.1)
    const page = readFileSync(path.join(root, 'docs/timeouts.md'), 'utf8')
    const section = page.slice(page.indexOf('### A dead endpoint'), page.indexOf('### Before the first output'))
    expect(section).toContain(said)
  })

  it('docs/migrating.md: with 5 retries a call fails after 8 min', async () => {
    expect((await timeToFail({ maxRetries: 5 }, typed)) / MIN).toBeCloseTo(8, 0)
    expect(readFileSync(path.join(root, 'docs/migrating.md'), 'utf8')).toContain('error after 8 min')
  })

  it.each(['README.md', 'docs/sidecar.md'])('%s says after how long it fails by default', (page) => {
    expect(readFileSync(path.join(root, page), 'utf8')).toMatch(
      /6\.5 min(?:utes)?\b[^|]*timeouts\.md#a-dead-endpoint|6\.5 min\]\(timeouts\.md#a-dead-endpoint\)/,
    )
  })
})
