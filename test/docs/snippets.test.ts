import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const pages = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** The TypeScript blocks of a page, each as a file beside the tests: nothing is written to disk. */
function snippetsOf(page: string): Array<[string, string]> {
  const blocks = readFileSync(path.join(root, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)
  return [...blocks].map(([, code], index) => [
    path.join(root, 'test', `${page.replaceAll(/\W/g, '_')}.${index + 1}.ts`),
    code as string,
  ])
}

/** Both programs read the same files, apart from the libraries of one. */
const sources = new Map<string, ts.SourceFile | undefined>()

/** A compiler at work takes its time on a busy machine. */
const SLOW = { timeout: 120_000 }

it.each([
  ['as this package does', []],
  ['beside the types of the DOM, which many projects have', ['lib.dom.d.ts', 'lib.dom.iterable.d.ts']],
])('every TypeScript example of the documentation compiles %s', SLOW, (_, libraries) => {
  const snippets = new Map(pages.flatMap(snippetsOf))
  expect(snippets.size).toBeGreaterThan(3)
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (name) => snippets.has(name) || fileExists(name)
  host.readFile = (name) => snippets.get(name) ?? readFile(name)
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const code = snippets.get(name)
    if (code !== undefined) return ts.createSourceFile(name, code, languageVersion)
    if (!sources.has(name)) sources.set(name, getSourceFile(name, languageVersion, ...rest))
    return sources.get(name)
  }
  const program = ts.createProgram(
    [...snippets.keys()],
    {
      ...options,
      lib: [...(options.lib ?? []), ...libraries],
      paths: {
        'resilient-responses': [path.join(root, 'src/index.ts')],
        'resilient-responses/opentelemetry': [path.join(root, 'src/opentelemetry/index.ts')],
        'resilient-responses/sidecar': [path.join(root, 'src/sidecar/index.ts')],
        'resilient-responses/timeline': [path.join(root, 'src/timeline/index.ts')],
        'resilient-responses/fleet': [path.join(root, 'src/fleet/index.ts')],
        'resilient-responses/testing': [path.join(root, 'src/testing/index.ts')],
        'resilient-responses/testing/server': [path.join(root, 'src/testing/server.ts')],
      },
      noUnusedLocals: false,
      noEmit: true,
    },
    host,
  )
  const problems = [...snippets.keys()].flatMap((name) => {
    const file = program.getSourceFile(name)
    return ts
      .getPreEmitDiagnostics(program, file)
      .map((each) => `${path.basename(name)}: ${ts.flattenDiagnosticMessageText(each.messageText, '\n')}`)
  })
  expect(problems).toEqual([])
})

it('README.md has at most 200 lines', () => {
  expect(readFileSync(path.join(root, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(200)
})
