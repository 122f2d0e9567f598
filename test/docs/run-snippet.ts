import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import * as library from '../../src/index.ts'
import * as testing from '../../src/testing/index.ts'
import * as server from '../../src/testing/server.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** What an example runs with: a transport in the place of the network, and what it prints. */
export interface SnippetWorld {
  /** Given to every client that the example makes. Default: nothing, the example has its transport. */
  readonly options?: library.ResilientClientOptions
  /** In the place of what the example declares. */
  readonly given?: Readonly<Record<string, unknown>>
}

export interface SnippetRun {
  readonly clients: readonly library.ResilientClient[]
  /** Lines of `console.log`. */
  readonly printed: readonly string[]
}

/**
 * Runs the example of a page that contains `part`, as it stands there. Only its clients are given what the world has for them.
 */
export async function runSnippet(
  page: string,
  part: string,
  { options, given = {} }: SnippetWorld = {},
): Promise<SnippetRun> {
  const blocks = [...readFileSync(path.join(root, page), 'utf8').matchAll(/^```[jt]s\n([\s\S]*?)^```$/gm)]
  const found = blocks.map(([, code]) => code as string).filter((code) => code.includes(part))
  if (found.length !== 1) throw new Error(`${page}: ${found.length} examples contain ${part}`)
  const clients: library.ResilientClient[] = []
  const printed: string[] = []
  class ResilientClient extends library.ResilientClient {
    constructor(own: library.ResilientClientOptions = {}) {
      super({ ...own, ...options })
      clients.push(this)
    }
  }
  const modules: Record<string, unknown> = {
    'resilient-responses': { ...library, ResilientClient },
    'resilient-responses/testing': testing,
    'resilient-responses/testing/server': server,
  }
  const { outputText } = ts.transpileModule(found[0] as string, {
    compilerOptions: { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext },
  })
  const imported = /^import (?:(\w+)|\{(.*)\}) from '(.*)';$/gm
  for (const [, , , name = ''] of outputText.matchAll(imported)) modules[name] ??= await import(name)
  const code = outputText
    .replaceAll(imported, (_, whole: string | undefined, names: string, name: string) =>
      whole === undefined
        ? `const {${names.replaceAll(' as ', ': ')}} = modules['${name}'];`
        : `const ${whole} = modules['${name}'].default;`,
    )
    .replaceAll(/^export \{\};$/gm, '')
  const AsyncFunction = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<void>
  const run = new AsyncFunction('modules', 'console', ...Object.keys(given), code)
  const log = (...values: unknown[]): void => void printed.push(values.map(String).join(' '))
  await run(modules, { log }, ...Object.values(given))
  return { clients, printed }
}
