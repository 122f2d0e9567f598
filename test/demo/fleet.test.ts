import { execFile } from 'node:child_process'
import { expect, it } from 'vitest'
import { hasRedis } from '../fleet/support/redis-server.ts'

const DEMO = new URL('../../demo/fleet.ts', import.meta.url).pathname

/** The demo in a process, with its exit code and what it printed. */
function run(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [DEMO, ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
    )
  })
}

it.skipIf(!hasRedis)(
  'npm run demo:fleet shows that a fleet is refused less often, and fails no call (skipped without redis-server)',
  { timeout: 120_000 },
  async () => {
    const { code, text } = await run('--calls', '15')
    expect(text).toMatch(/requests refused \(429\) +\d+ +\d+/)
    expect(text).toMatch(/calls that failed +\d+ +0\n/)
    expect(code).toBe(0)
  },
)

it('npm run demo:fleet says what it accepts', async () => {
  expect(await run('--calls', '0')).toMatchObject({ code: 2, text: expect.stringContaining('1 to 200') })
})
