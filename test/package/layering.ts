import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** What each file imports, types included: paths relative to `src` for its own files, else the specifier as written. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

/** Reads the imports of every file below `root`: static, re-exports, `import()` and `import('…')` types. */
export function readImports(root: string): ImportGraph {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return new Map(files.sort().map((file) => [file, importsOf(root, file)]))
}

function importsOf(root: string, file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(path.join(root, file), 'utf8'), true, true)
  const own = (specifier: string) => path.posix.join(path.posix.dirname(file), specifier)
  return [...new Set(importedFiles.map(({ fileName }) => (fileName.startsWith('.') ? own(fileName) : fileName)))]
}

export function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file
}

/** Imports that do not point down the list, as `from → to`. A folder that is not in the list is not in order either. */
export function importsAgainstOrder(graph: ImportGraph, order: readonly string[]): string[] {
  return edges(graph)
    .filter(([from, to]) => folderOf(from) !== folderOf(to))
    .filter(([from, to]) => {
      const [above, below] = [order.indexOf(folderOf(from)), order.indexOf(folderOf(to))]
      return above === -1 || below === -1 || above >= below
    })
    .map(([from, to]) => `${from} → ${to}`)
}

/** The circles among the files, each once, as `a → b → a`. */
export function circles(graph: ImportGraph): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file)
    if (start !== -1) found.push([...trail.slice(start), file].join(' → '))
    if (start !== -1 || done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return found
}

/** Everything a file reaches, specifiers of packages and builtins included. */
export function reachableFrom(graph: ImportGraph, file: string): Set<string> {
  const reached = new Set<string>()
  const visit = (name: string): void => {
    if (reached.has(name)) return
    reached.add(name)
    for (const next of graph.get(name) ?? []) visit(next)
  }
  visit(file)
  return reached
}

/** The imports of own files: those of packages and builtins have no place in the order. */
function edges(graph: ImportGraph): Array<[from: string, to: string]> {
  return [...graph].flatMap(([from, imports]) =>
    imports.filter((to) => graph.has(to)).map((to): [string, string] => [from, to]),
  )
}
