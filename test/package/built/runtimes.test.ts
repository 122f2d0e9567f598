import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { nodeOf } from '../../../scripts/nodes.ts'
import { runtimeOf } from '../../../scripts/runtimes.ts'
import { MockResponsesServer } from '../../../src/testing/server.ts'

const run = promisify(execFile)
const project = inject('consumerFolder')
const consumer = path.resolve(import.meta.dirname, 'consumer')

/** What npm has to install first takes its time. */
const SLOW = { timeout: 300_000 }

const OTHERS = [
  ['Bun', () => [runtimeOf('bun'), 'run']],
  ['Deno', () => [runtimeOf('deno'), 'run', '--allow-all', '--node-modules-dir=manual']],
] as const

async function callOn(command: readonly string[]): Promise<string[]> {
  await using server = await MockResponsesServer.start()
  server.script([{ at: 'headers', effect: 'stall' }, { at: 'before_event', event: 2, effect: 'reset' }, 'ok', 'ok'])
  copyFileSync(path.join(consumer, 'call.mjs'), path.join(project, 'call.mjs'))
  const [program = '', ...args] = command
  const { stdout } = await run(program, [...args, 'call.mjs', server.baseURL], { cwd: project })
  return stdout.trim().split('\n')
}

describe('the packed package', () => {
  const expected = ['ttfb_timeout connection_reset committed', '200 true', 'my reason', '0']

  it('cuts, retries, streams and aborts on this Node', async () => {
    expect(await callOn([process.execPath])).toEqual(expected)
  })

  it.runIf(inject('full')).each(OTHERS)('does the same on %s', SLOW, async (_, command) => {
    expect(await callOn(command())).toEqual(expected)
  })

  it.runIf(inject('full'))('says on Node 20 that it is too old', SLOW, async () => {
    const code = `const { ResilientClient } = await import('resilient-responses')
      try { new ResilientClient() } catch (error) { console.log(error.code, error.message) }`
    const args = ['--input-type=module', '-e', code]
    const { stdout } = await run(nodeOf('20'), args, { cwd: project })
    expect(stdout).toMatch(/^invalid_configuration Node 20\.\d+\.\d+ is too old/)
  })

  it.runIf(inject('full'))('works in tests of jest', SLOW, async () => {
    const folder = path.join(project, 'jest')
    mkdirSync(folder, { recursive: true })
    copyFileSync(path.join(consumer, 'kit.jest.mjs'), path.join(folder, 'kit.test.mjs'))
    writeFileSync(path.join(folder, 'jest.config.json'), '{ "testMatch": ["**/*.test.mjs"], "transform": {} }')
    const args = [runtimeOf('jest'), '--config', path.join(folder, 'jest.config.json'), '--rootDir', folder]
    const { stderr } = await run(process.execPath, ['--experimental-vm-modules', ...args], { cwd: project })
    expect(stderr).toContain('2 passed, 2 total')
  })
})
