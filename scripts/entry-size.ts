import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'

export interface CodeSize {
  readonly minified: number
  readonly gzipped: number
}

export interface EntrySize extends CodeSize {
  /** What the entry loads later, by `import()`: each part with what it imports beside what is loaded already. */
  readonly lazy: ReadonlyArray<CodeSize & { readonly name: string }>
  /** With all parts. */
  readonly whole: CodeSize
}

/**
 * What a built entry costs in a bundle: the code that an import of it loads before the first call, minified; and apart from
 * that the parts that are loaded later. Dependencies stay outside.
 */
export async function entrySize(file: string): Promise<EntrySize> {
  const folder = path.dirname(file)
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    absWorkingDir: folder,
    outdir: path.join(folder, 'bundled'),
    bundle: true,
    // Parts that are imported by `import()` come out as files, as in every bundler that is told to.
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.19',
    packages: 'external',
    legalComments: 'none',
    write: false,
    // A bare import of a chunk that has no effects is left out, and esbuild tells.
    logLevel: 'error',
    metafile: true,
  })
  const sizes = new Map(
    outputFiles.map(({ path: name, contents }) => [
      path.relative(folder, name),
      { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length },
    ]),
  )
  const sizeOf = (names: Iterable<string>): CodeSize => {
    const all = [...names].map((name) => sizes.get(name) as CodeSize)
    return {
      minified: all.reduce((sum, { minified }) => sum + minified, 0),
      gzipped: all.reduce((sum, { gzipped }) => sum + gzipped, 0),
    }
  }
  const entry = path.join('bundled', path.basename(file))
  const loaded = staticallyImported(metafile, [entry])
  const lazy = lazyOf(metafile, loaded).map((name) => {
    const more = [...staticallyImported(metafile, [name])].filter((each) => !loaded.has(each))
    return { name: path.basename(name).replace(/(?:-[A-Z0-9]{8})+\.js$/, ''), ...sizeOf(more) }
  })
  return { ...sizeOf(loaded), lazy, whole: sizeOf(sizes.keys()) }
}

/** The files of a bundle that are loaded with some of them. */
function staticallyImported({ outputs }: Metafile, names: Iterable<string>): Set<string> {
  const reached = new Set<string>()
  const visit = (name: string): void => {
    const output = outputs[name]
    if (output === undefined || reached.has(name)) return
    reached.add(name)
    for (const { path: to, kind } of output.imports) if (kind === 'import-statement') visit(to)
  }
  for (const name of names) visit(name)
  return reached
}

/** The entries of the parts that are loaded later, those that such a part loads included. */
function lazyOf({ outputs }: Metafile, loaded: ReadonlySet<string>): string[] {
  const later = Object.values(outputs).flatMap(({ imports }) =>
    imports.filter(({ kind, external }) => kind === 'dynamic-import' && external !== true).map(({ path: to }) => to),
  )
  return [...new Set(later)].filter((name) => !loaded.has(name)).sort()
}
