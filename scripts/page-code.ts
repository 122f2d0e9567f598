import { readFileSync } from 'node:fs'
import path from 'node:path'
import { build, transform } from 'esbuild'

const root = path.resolve(import.meta.dirname, '..')
const source = path.join(root, 'src/timeline/page')
export const PAGE_CODE_FILE = path.join(root, 'src/timeline/page-code.ts')

/**
 * The text of `src/timeline/page-code.ts`: the script and the style of the page that `renderHtml` makes. They are kept as texts,
 * because neither Node nor every bundler could put files into a page.
 */
export async function pageCode(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(source, 'main.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    charset: 'utf8',
    tsconfigRaw: {},
    write: false,
  })
  const style = await transform(readFileSync(path.join(source, 'page.css'), 'utf8'), {
    loader: 'css',
    minify: true,
    charset: 'utf8',
  })
  return `// Made by \`npm run page:update\` from the files of \`page/\`.
export const PAGE_CODE = ${quoted(outputFiles[0]?.text ?? '')}
export const PAGE_STYLE = ${quoted(style.code)}
`
}

/** A text that would end its element would be cut there. */
function quoted(text: string): string {
  if (/<\/|<!--/.test(text)) throw new Error('The page would be cut at </ or <!-- in its script or style.')
  return JSON.stringify(text.trim())
}
