import path from 'node:path'
import ts from 'typescript'

/** The public entries: the name of the listing, and the declarations that the build makes. */
export const ENTRIES = {
  index: { specifier: 'resilient-responses', declarations: 'dist/index.d.ts', code: 'dist/index.js' },
  opentelemetry: {
    specifier: 'resilient-responses/opentelemetry',
    declarations: 'dist/opentelemetry/index.d.ts',
    code: 'dist/opentelemetry/index.js',
  },
  testing: {
    specifier: 'resilient-responses/testing',
    declarations: 'dist/testing/index.d.ts',
    code: 'dist/testing/index.js',
  },
  'testing-server': {
    specifier: 'resilient-responses/testing/server',
    declarations: 'dist/testing/server.d.ts',
    code: 'dist/testing/server.js',
  },
  timeline: {
    specifier: 'resilient-responses/timeline',
    declarations: 'dist/timeline/index.d.ts',
    code: 'dist/timeline/index.js',
  },
  sidecar: {
    specifier: 'resilient-responses/sidecar',
    declarations: 'dist/sidecar/index.d.ts',
    code: 'dist/sidecar/index.js',
  },
  fleet: {
    specifier: 'resilient-responses/fleet',
    declarations: 'dist/fleet/index.d.ts',
    code: 'dist/fleet/index.js',
  },
} as const

export type EntryName = keyof typeof ENTRIES

export function listingFile(entry: EntryName): string {
  return path.resolve(import.meta.dirname, `../test/package/api/${entry}.txt`)
}

/**
 * The surface of every entry as text: the names at run time, the names of types, and every declaration they use. Made
 * from the built declarations, sorted by name, without comments and file names, so that it changes only when the
 * surface does.
 *
 * @param folder the built package.
 */
export async function apiListings(folder: string): Promise<Record<EntryName, string>> {
  const program = ts.createProgram(
    Object.values(ENTRIES).map(({ declarations }) => path.join(folder, declarations)),
    {
      target: ts.ScriptTarget.ES2024,
      lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts'],
      module: ts.ModuleKind.NodeNext,
      types: ['node'],
      skipLibCheck: true,
      noEmit: true,
      strict: true,
    },
  )
  const listings: Partial<Record<EntryName, string>> = {}
  for (const [entry, { specifier, declarations, code }] of Object.entries(ENTRIES)) {
    const runtimeNames = Object.keys(await import(path.join(folder, code))).sort()
    listings[entry as EntryName] = listing(program, { specifier, file: path.join(folder, declarations), runtimeNames })
  }
  return listings as Record<EntryName, string>
}

function listing(
  program: ts.Program,
  entry: { specifier: string; file: string; runtimeNames: readonly string[] },
): string {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(entry.file)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${entry.file} is no module`)

  const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, resolved(checker, symbol)]))
  const typeNames = [...exported.keys()].filter((name) => !entry.runtimeNames.includes(name)).sort()
  const all = reachable(checker, [...exported.values()])
  const hidden = [...all].filter((symbol) => ![...exported.values()].includes(symbol))
  return [
    `# ${entry.specifier}`,
    section('Names at run time', entry.runtimeNames.length, entry.runtimeNames.join('\n')),
    section('Names of types', typeNames.length, typeNames.join('\n')),
    section('Declarations', exported.size, printed([...exported.values()])),
    section('Not exported, but part of the above', hidden.length, printed(hidden)),
  ].join('\n\n')
}

function section(title: string, count: number, text: string): string {
  return `## ${title} (${count})\n\n${text}`.trimEnd().concat(title.startsWith('Not') ? '\n' : '')
}

/** The symbols, and all symbols of this package that their declarations use. */
function reachable(checker: ts.TypeChecker, roots: readonly ts.Symbol[]): Set<ts.Symbol> {
  const seen = new Set<ts.Symbol>()
  const visit = (symbol: ts.Symbol): void => {
    if (seen.has(symbol) || statementsOf(symbol).length === 0) return
    seen.add(symbol)
    for (const statement of statementsOf(symbol)) mentions(statement)
  }
  const mentions = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node)
      if (symbol !== undefined) visit(resolved(checker, symbol))
    }
    ts.forEachChild(node, mentions)
  }
  for (const root of roots) visit(root)
  return seen
}

function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/**
 * The top-level statements of the package that declare a symbol. Empty for members and for symbols of other packages.
 */
function statementsOf(symbol: ts.Symbol): ts.Node[] {
  const own = (symbol.declarations ?? []).filter((node) => !node.getSourceFile().fileName.includes('/node_modules/'))
  const statements = own.map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node))
  return statements.filter((node) => ts.isSourceFile(node.parent))
}

function printed(symbols: readonly ts.Symbol[]): string {
  const printer = ts.createPrinter({ removeComments: true })
  return symbols
    .flatMap((symbol) => statementsOf(symbol))
    .map((node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()))
    .map((text) => text.replaceAll('    ', '  '))
    .sort((a, b) => compare(nameIn(a), nameIn(b)) || compare(a, b))
    .join('\n\n')
}

function nameIn(declaration: string): string {
  return /\b(?:class|interface|type|function|const|namespace|enum)\s+([\w$]+)/.exec(declaration)?.[1] ?? ''
}

/** By code unit, so that the order is the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
