import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const FOLDER = path.resolve(import.meta.dirname, '../..')
const AS_NODE_20 = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.0'}})`

const runBin = (...args: string[]) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [...args], { cwd: FOLDER }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err })
    })
  })

it.each([['probe', '--json'], ['serve'], ['report', 'calls.jsonl'], ['--help']])(
  'the command %s says on an old Node which one it needs',
  async (...args) => {
    expect(await runBin('--import', AS_NODE_20, 'src/cli/bin.ts', ...args)).toEqual({
      code: 2,
      out: '',
      err: 'resilient-responses: Node 20.20.0 is too old: resilient-responses needs Node 22.19 or newer.\n',
    })
  },
)

it('the command runs on this Node', async () => {
  const { code, out, err } = await runBin('src/cli/bin.ts', '--version')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^\d+\.\d+\.\d+/)
})

it('loads nothing that an old Node cannot load before it has looked at the version', () => {
  const importsOf = (file: string) =>
    [...readFileSync(path.join(FOLDER, file), 'utf8').matchAll(/^import .*'(.*)'$/gm)].map(([, from]) => from)
  expect(importsOf('src/cli/bin.ts')).toEqual(['../core/node-version.ts'])
  expect(importsOf('src/core/node-version.ts')).toEqual([])
})
