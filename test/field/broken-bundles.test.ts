import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fieldServer, streamAnswer } from './support/field-server.ts'
import { HELLO_BODY } from './support/hello.ts'

const MAIN = new URL('../../src/index.ts', import.meta.url).pathname

/** A program that makes a call on each face and prints how they ended. */
const PROGRAM = `
import { findResilientError, ResilientClient } from ${JSON.stringify(MAIN)}
const told = (error) => {
  const own = findResilientError(error)
  return [error.name, own?.code, own?.message, own?.attempts.length, own?.retryable, own?.replaySafety]
}
const options = { baseURL: process.argv[2], webSocket: process.argv[3] === 'sockets' }
const typed = new ResilientClient(options)
const first = await typed.responses.create({ model: 'm', input: 'x' }).then((response) => response.output_text, told)
const body = JSON.stringify({ model: 'm', input: 'x', stream: true })
const second = await typed.fetch(process.argv[2] + '/responses', { method: 'POST', body }).then((response) => response.status, told)
console.log(JSON.stringify({ first, second }))
await typed.destroy()
`

/** As docs/bundlers.md has it. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(name: string, url: string, banner: string | undefined, argument = ''): Promise<unknown> {
  const program = join(folder, 'program.mjs')
  writeFileSync(program, PROGRAM)
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [program],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'silent',
    ...(banner !== undefined && { banner: { js: banner } }),
  })
  const { stdout } = await promisify(execFile)(process.execPath, [outfile, url, argument], { timeout: 20_000 })
  return JSON.parse(stdout)
}

describe('a program that was bundled as ESM', () => {
  it('without the banner fails at once, says what to do, and sends nothing', async () => {
    await using server = await fieldServer([streamAnswer(HELLO_BODY)])
    for (const sockets of ['', 'sockets']) {
      const { first, second } = (await run('without', server.baseURL, undefined, sockets)) as {
        readonly first: readonly unknown[]
        readonly second: readonly unknown[]
      }
      const words = expect.stringMatching(
        /^A part of this package could not be loaded: .*require of .*banner of docs\/bundlers\.md/,
      )
      expect(first).toEqual(['RequestError', 'part_not_loaded', words, 1, false, 'safe'])
      expect(second).toEqual(['TypeError', 'part_not_loaded', words, 1, false, 'safe'])
    }
    expect(server.requests).toEqual([])
  })

  it('works with the banner', async () => {
    await using server = await fieldServer([streamAnswer(HELLO_BODY)])
    expect(await run('with', server.baseURL, BANNER)).toEqual({ first: 'Hi', second: 200 })
  })
})
