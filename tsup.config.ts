import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import type { Plugin } from 'esbuild'
import { defineConfig } from 'tsup'

const root = import.meta.dirname

/**
 * Source maps name files of `src` as they lie beside `dist`, wherever the build is written to. They hold one place for each line of
 * the source: a stack needs no more, and columns and names would be two thirds of the maps.
 */
function shapeSourceMaps(outDir: string): void {
  for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.map')) continue
    const file = path.join(outDir, name)
    const map = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[]; names: string[]; mappings: string }
    const folder = path.join(root, 'dist', path.dirname(name))
    map.sources = map.sources.map((source) => path.relative(folder, path.resolve(path.dirname(file), source)))
    map.mappings = encode(decode(map.mappings).map(firstOfEachLine))
    map.names = []
    writeFileSync(file, JSON.stringify(map))
  }
}

/** The places of one line of the build, without those that name the line of the source that the place before has named. */
function firstOfEachLine(places: SourceMapSegment[]): SourceMapSegment[] {
  let before: SourceMapSegment | undefined
  return places.flatMap((place) => {
    const isSame = before !== undefined && before[1] === place[1] && before[2] === place[2]
    before = place
    return isSame || place.length === 1 ? [] : [[place[0], place[1], place[2], place[3]] satisfies SourceMapSegment]
  })
}

/** Puts the Lua scripts of the fleet into the code, so that the package reads no files. */
const luaTexts: Plugin = {
  name: 'lua-texts',
  setup({ onLoad }) {
    onLoad({ filter: /src[\\/]fleet[\\/]scripts\.ts$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replace(/readLua\('([\w.]+)'\)/g, (_call, name: string) =>
        JSON.stringify(withoutComments(readFileSync(path.join(path.dirname(file), 'lua', name), 'utf8'))),
      ),
      loader: 'ts',
    }))
  },
}

/** Lines alone: a `--` in a text would be one, too. */
function withoutComments(lua: string): string {
  return lua
    .split('\n')
    .filter((line) => !/^\s*(?:--.*)?$/.test(line))
    .map((line) => line.trim())
    .join('\n')
}

export default defineConfig(({ outDir = 'dist' }) => ({
  entry: {
    index: 'src/index.ts',
    'opentelemetry/index': 'src/opentelemetry/index.ts',
    'testing/index': 'src/testing/index.ts',
    'testing/server': 'src/testing/server.ts',
    'sidecar/index': 'src/sidecar/index.ts',
    'timeline/index': 'src/timeline/index.ts',
    'fleet/index': 'src/fleet/index.ts',
    'cli/bin': 'src/cli/bin.ts',
    // In the folder of the command, because it looks for `package.json` from there.
    'cli/start': 'src/cli/start.ts',
  },
  format: 'esm',
  target: 'node22.19',
  dts: true,
  // Code of several entries goes into shared chunks: two copies of a class would be two classes to `instanceof`.
  splitting: true,
  clean: true,
  // So that `node --enable-source-maps`, a debugger and an error reporter show files and lines of `src`.
  sourcemap: true,
  onSuccess: async () => shapeSourceMaps(path.resolve(root, outDir)),
  esbuildPlugins: [luaTexts],
  // Comments belong to the declarations, where editors show them; names stay, so that stacks can be read.
  esbuildOptions(options) {
    options.minifyWhitespace = true
    options.minifySyntax = true
    // Node prints the line that threw: a line of a whole chunk would fill the terminal.
    options.lineLimit = 200
    // Stacks need names and lines. The text of the sources would be three times the rest of the package.
    options.sourcesContent = false
  },
  // `node:` stays in the specifiers: without it a package of that name in the way could be taken for the builtin.
  removeNodeProtocol: false,
}))
