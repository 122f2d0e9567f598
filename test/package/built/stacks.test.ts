import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../../..')

it('stacks of the built package name files and lines of src, under --enable-source-maps', async () => {
  const script = `
    const { ResilientClient } = await import('resilient-responses')
    try {
      new ResilientClient({ maxRetrys: 3 })
    } catch (error) {
      process.stdout.write(error.stack)
    }`
  const args = ['--enable-source-maps', '--input-type=module', '-e', script]
  const { stdout } = await run(process.execPath, args, { cwd: inject('consumerFolder') })
  const frames = [...stdout.matchAll(/resilient-responses\/(src\/[\w/-]+\.ts):(\d+):\d+/g)]
  expect(frames.map(([, file]) => file)).toEqual(
    expect.arrayContaining(['src/errors/check-options.ts', 'src/client/resilient-client.ts']),
  )
  const [, file = '', line] = frames[0] ?? []
  const source = readFileSync(path.join(root, file), 'utf8').split('\n')[Number(line) - 1]
  expect(source).toContain('new ConfigurationError(')
})
