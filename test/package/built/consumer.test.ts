import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, describe, expect, inject, it } from 'vitest'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../../..')
const project = inject('consumerFolder')
const tsc = path.join(root, 'node_modules/typescript/bin/tsc')

/** What the consumer prints when all went well. */
const WELL = {
  text: true,
  attempts: 2,
  retried: true,
  refused: true,
  found: true,
  leased: 'a',
  toldOfUnknownOption: true,
  branded: true,
}

/** Compiles the consumer, with the declarations of the package checked too, and gives what the compiler says. */
async function compile(name: string, options: object): Promise<string> {
  const config = path.join(project, `tsconfig.${name}.json`)
  const compilerOptions = {
    target: 'es2024',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    ...options,
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ['main.ts'] }))
  const said = await run(process.execPath, [tsc, '-p', config]).catch((failure: { stdout: string }) => failure)
  return said.stdout
}

describe('a project that has the package installed', () => {
  beforeAll(() => copyFileSync(path.join(root, 'test/package/built/consumer/main.ts'), path.join(project, 'main.ts')))

  it('has the tarball in place, and its dependencies found by the usual way', () => {
    expect(existsSync(path.join(project, 'node_modules/resilient-responses/dist/index.js'))).toBe(true)
    expect(existsSync(path.join(project, 'node_modules/resilient-responses/src'))).toBe(false)
  })

  it('imports all three entries and makes a call that survives a refused connection', async () => {
    const { stdout, stderr } = await run(process.execPath, ['main.ts'], { cwd: project })
    expect(JSON.parse(stdout)).toEqual(WELL)
    expect(stderr).toBe('')
  })

  it('can `require` it, too', async () => {
    const code = "console.log(typeof require('resilient-responses').ResilientClient)"
    const { stdout } = await run(process.execPath, ['--input-type=commonjs', '-e', code], { cwd: project })
    expect(stdout.trim()).toBe('function')
  })

  it.each([
    ['nodenext', { module: 'nodenext', lib: ['es2024'], exactOptionalPropertyTypes: true }],
    ['node16, older library', { module: 'node16', target: 'es2022', lib: ['es2022'] }],
    // The oldest way to find a package: by `main`, `types` and `typesVersions`.
    ['node10', { module: 'esnext', moduleResolution: 'node10', ignoreDeprecations: '6.0', lib: ['es2024'] }],
    ['bundler', { module: 'preserve', moduleResolution: 'bundler', lib: ['es2024', 'dom', 'dom.iterable'] }],
  ])('compiles against its declarations: %s', async (name, options) => {
    expect(await compile(name, options)).toBe('')
  })

  it.each(['esm', 'cjs'] as const)('can be bundled into one %s file, dependencies included', async (format) => {
    const outfile = path.join(project, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`)
    const code = `import { ResilientClient } from 'resilient-responses'
      const client = new ResilientClient({ maxRetries: 0 })
      client.fetch('http://127.0.0.1:1/v1/files').catch((error) => console.log(error.cause.code))`
    await build({
      stdin: { contents: code, resolveDir: project },
      bundle: true,
      platform: 'node',
      format,
      outfile,
      // What every bundle of CommonJS code into an ES module needs.
      ...(format === 'esm' && {
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
      }),
    })
    const { stdout } = await run(process.execPath, [outfile], { cwd: path.parse(project).root })
    expect(stdout.trim()).toBe('connection_refused')
  })
})
