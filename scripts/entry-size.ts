import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface EntrySize {
  readonly minified: number
  readonly gzipped: number
}

/** The size of a built entry in a bundle: its own code and chunks, minified, without dependencies. */
export async function entrySize(file: string): Promise<EntrySize> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.19',
    packages: 'external',
    legalComments: 'none',
    write: false,
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length }
}
