import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { titlesIn } from '../support/titles.ts'
import { OLD_WORDS, RIDDLES, SECTION_NUMBER } from './plain-words.ts'

const root = path.resolve(import.meta.dirname, '../..')

interface Text {
  readonly at: string
  readonly text: string
}

/** Comments, and literals that are prose: those with a space. */
function proseOf(file: string): Text[] {
  const source = readFileSync(path.join(root, file), 'utf8')
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest)
  const lineAt = (position: number) => parsed.getLineAndCharacterOfPosition(position).line + 1
  const texts: Text[] = []
  let code = source
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node)) {
      const [start, end] = [node.getStart(parsed), node.getEnd()]
      code = `${code.slice(0, start)}${code.slice(start, end).replaceAll(/[^\n]/g, ' ')}${code.slice(end)}`
      if (!ts.isRegularExpressionLiteral(node) && node.text.includes(' '))
        texts.push({ at: `${file}:${lineAt(start)}`, text: node.text })
    }
    ts.forEachChild(node, visit)
  }
  visit(parsed)
  for (const { 0: comment, index } of code.matchAll(/\/\*[\s\S]*?\*\/|(?:\/\/[^\n]*(?:\n\s*(?=\/\/)|))+/g))
    texts.push({ at: `${file}:${lineAt(index)}`, text: comment.replaceAll(/\s*\n\s*(?:\*|\/\/)?\s*/g, ' ') })
  return texts
}

/** The paragraphs of a page, without its code. */
function paragraphsOf(page: string): Text[] {
  const text = readFileSync(path.join(root, page), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, (block) =>
    block.replaceAll(/[^\n]/g, ''),
  )
  return [...text.matchAll(/(?:^.+\n?)+/gm)].map(({ 0: paragraph, index }) => ({
    at: `${page}:${text.slice(0, index).split('\n').length}`,
    text: paragraph.replaceAll('\n', ' '),
  }))
}

function filesIn(folder: string, end: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => path.join(folder, name))
}

const sources = [...filesIn('src', '.ts'), ...filesIn('examples', '.ts')].flatMap(proseOf)
/** The API reference is made of docstrings, which are checked where they stand. */
const pages = ['README.md', ...filesIn('docs', '.md').filter((page) => !page.startsWith('docs/api/'))].flatMap(
  paragraphsOf,
)
const titles = filesIn('test', '.test.ts').flatMap((file) =>
  titlesIn(readFileSync(path.join(root, file), 'utf8')).map((text) => ({ at: file, text })),
)

describe('plain words', () => {
  it.each(RIDDLES)('no comment, message, page or title of a test says $refused', ({ refused, instead }) => {
    const found = [...sources, ...pages, ...titles]
      .filter(({ text }) => refused.test(text))
      .map(({ at, text }) => `${at}: ${text}`)
    expect(found, `write ${instead}`).toEqual([])
  })

  it.each(OLD_WORDS)('what the glossary calls "$word" has no other name', ({ refused, word }) => {
    expect(readFileSync(path.join(root, 'docs/glossary.md'), 'utf8')).toContain(`| ${word} |`)
    const found = [...sources, ...pages]
      .filter(({ text }) => refused.test(text))
      .map(({ at, text }) => `${at}: ${text}`)
    expect(found).toEqual([])
  })

  it('no comment or message names a section of a page that readers do not have', () => {
    expect(sources.filter(({ text }) => SECTION_NUMBER.test(text))).toEqual([])
  })
})
