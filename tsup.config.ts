import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', 'testing/index': 'src/testing/index.ts', 'testing/server': 'src/testing/server.ts' },
  format: 'esm',
  target: 'node22.19',
  dts: true,
  // Code of several entries goes into shared chunks: two copies of a class would be two classes to `instanceof`.
  splitting: true,
  clean: true,
  // Comments belong to the declarations, where editors show them; names stay, so that stacks can be read.
  esbuildOptions(options) {
    options.minifyWhitespace = true
    options.minifySyntax = true
  },
  // `node:` stays in the specifiers: without it a package of that name in the way could be taken for the builtin.
  removeNodeProtocol: false,
})
