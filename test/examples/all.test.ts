import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const examples = readdirSync(path.join(root, 'examples')).filter((name) => name.endsWith('.ts'))

describe('the examples', () => {
  it('compile, with their tests', { timeout: 120_000 }, () => {
    const file = path.join(root, 'examples/tsconfig.json')
    const { config } = ts.readConfigFile(file, ts.sys.readFile)
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(file))
    const program = ts.createProgram(fileNames, { ...options, noEmit: true })
    // Not what they import: `npm run types` checks that.
    const diagnostics = fileNames.flatMap((name) => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)))
    const problems = diagnostics.map(({ file: at, messageText }) => {
      return `${at === undefined ? '' : path.relative(root, at.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
    expect(problems).toEqual([])
  })

  it.each(examples)('%s imports the package by its name, is named on the page, and is run by a test', (name) => {
    const code = readFileSync(path.join(root, 'examples', name), 'utf8')
    expect(code).toMatch(/from 'resilient-responses/)
    expect(code).not.toContain('../src')
    expect(readFileSync(path.join(root, 'examples/README.md'), 'utf8')).toContain(`](${name})`)
    const files = readdirSync(path.join(root, 'test/examples')).filter((file) => file.endsWith('.test.ts'))
    const tests = files.map((file) => readFileSync(path.join(root, 'test/examples', file), 'utf8'))
    expect(tests.some((test) => test.includes(`examples/${name}'`))).toBe(true)
  })
})
