import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { RawServer } from '../../support/raw-server.ts'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../../..')
const INNER = 'lib/dispatcher/client.js'

/** Ways in which a version of undici could lose the path, its main entry being what it was. */
const HIDDEN: Readonly<Record<string, (undici: string) => void>> = {
  'the file has another name': (undici) => {
    renameSync(path.join(undici, INNER), path.join(undici, 'lib/dispatcher/renamed.js'))
    const files = readdirSync(undici, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))
    for (const file of files) {
      const code = readFileSync(path.join(undici, file), 'utf8')
      const changed = code.replace(/require\((['"])([./\w-]+)\1\)/g, (whole, quote, specifier: string) => {
        const target = path.join(path.dirname(file), specifier).replace(/(?:\.js)?$/, '.js')
        return target === INNER
          ? `require(${quote}${specifier.replace(/client(?:\.js)?$/, 'renamed.js')}${quote})`
          : whole
      })
      if (changed !== code) writeFileSync(path.join(undici, file), changed)
    }
  },
  'the package says what may be imported': (undici) => {
    const file = path.join(undici, 'package.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...manifest, exports: { '.': './index.js' } }))
  },
}

describe.each(Object.entries(HIDDEN))('without the inner path of undici, because %s', (_why, hide) => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-hidden-'))
    const modules = path.join(folder, 'node_modules')
    cpSync(inject('packageFolder'), path.join(modules, 'resilient-responses'), { recursive: true })
    cpSync(path.join(root, 'node_modules/undici'), path.join(modules, 'undici'), { recursive: true })
    for (const name of ['zod', 'eventsource-parser'])
      symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
    hide(path.join(modules, 'undici'))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('the main entry serves, and the built-in fetch keeps its dispatcher', async () => {
    await using server = await RawServer.answering((_request, connection) => connection.answer('ok'))
    const script = `
      const inner = await import('undici/${INNER}').then(() => 'found', (error) => error.code)
      const { ResilientClient } = await import('resilient-responses')
      globalThis.Response
      const dispatcher = globalThis[Symbol.for('undici.globalDispatcher.1')]
      const client = new ResilientClient()
      const texts = []
      for (let i = 0; i < 2; i++) texts.push(await (await client.fetch('${server.url}/v1/models')).text())
      await client.close()
      const kept = globalThis[Symbol.for('undici.globalDispatcher.1')] === dispatcher
      const init = { method: 'POST', body: 'text', headers: { 'content-length': '4' } }
      texts.push(await (await fetch('${server.url}', init)).text())
      process.stdout.write(JSON.stringify({ inner, texts, kept }), () => process.exit())`
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      inner: expect.stringMatching(/^ERR_(?:MODULE_NOT_FOUND|PACKAGE_PATH_NOT_EXPORTED)$/),
      texts: ['ok', 'ok', 'ok'],
      kept: true,
    })
  })
})
