import { describe, expect, it } from 'vitest'
import { excerptOf, isPage, openingOfText, wordsOf } from '../../src/call/excerpt.ts'

const words = (text: string, type?: string): string => wordsOf(text, type, []).replace(/\s+/g, ' ').trim()

describe('the words of an answer', () => {
  it('are the text of a page, without markup, scripts, styles and comments', () => {
    const page = `<!doctype html><html><head><style>p { color: red }</style><script src="a">var secret = 1</script >
      <title>502 Bad Gateway</title><!-- a > b --></head><body><P>nginx&nbsp;says &lt;no&gt; &quot;&#39;&amp;</P></body>`
    expect(words(page)).toBe(`502 Bad Gateway nginx says <no> "'&`)
  })

  it.each([
    ['a script', 'before <script>var a = 1'],
    ['a style in upper case', 'before <STYLE>p'],
    ['a comment', 'before <!-- a > b'],
    ['a tag', 'before <a href="'],
  ])('end before %s that is not closed', (_, page) => {
    expect(words(page, 'text/html')).toBe('before')
  })

  it('keep what only begins like a script, and leave a line of the text between two tags', () => {
    expect(words('<scripture>in</scripture><b>the</b>beginning', 'text/html')).toBe('in the beginning')
    expect(words('<script>a</style>b</script>c', 'text/html')).toBe('c')
    expect(words('<!--a-->b<!--c-->d', 'text/html')).toBe('b d')
    expect(words('&lt;&unknown;&LT;', 'text/html')).toBe('<&unknown;&LT;')
  })

  it('are a plain text with each of its marks', () => {
    expect(words('a < b & c &lt; d', 'text/plain')).toBe('a < b & c &lt; d')
    expect(words('a < b')).toBe('a < b')
  })

  it.each([
    ['JSON', '{"input":"prompt"}'],
    ['JSON in a page', '{"input":"prompt"}', 'text/html'],
    ['broken JSON', '["prompt'],
    ['a text of JSON', '"prompt"'],
    ['an event stream', 'data: prompt'],
    ['a comment of an event stream', ': prompt'],
    ['an event stream after other lines', 'hello\ndata: prompt'],
    ['the name of an event after other lines', 'hello\nevent: prompt'],
    ['nothing', ''],
  ])('are empty for %s', (_, text, type?: string) => {
    expect(wordsOf(text, type, [])).toBe('')
  })

  it('keep a line that holds the words of an event stream in its middle', () => {
    expect(words('the data: of it')).toBe('the data: of it')
  })

  it.each([
    ['an object', 'failed: {"input":"prompt"}', 'failed:'],
    ['an object with blanks', 'failed: {  "input":"prompt"}', 'failed:'],
    ['a list', 'failed: [ ["prompt"]', 'failed:'],
    ['an empty list', 'failed: []', 'failed:'],
    ['an empty object', 'failed: {}', 'failed:'],
    ['an object in a list', 'failed: [{"a":1}]', 'failed:'],
    ['no JSON, but brackets', 'failed [1] {a}', 'failed [1] {a}'],
  ])('end before %s', (_, text, expected) => {
    expect(words(text)).toBe(expected)
  })

  it('end with the last whole word of the 8192 characters that are read', () => {
    const long = `${'x'.repeat(8000)} ${'y'.repeat(191)}`
    expect(wordsOf(long, undefined, [])).toBe(long)
    expect(wordsOf(`${long}y`, undefined, [])).toBe(`${'x'.repeat(8000)} `)
    expect(wordsOf(`${'x'.repeat(8191)} y`, undefined, [])).toBe(`${'x'.repeat(8191)} `)
    expect(wordsOf(`x ${'y'.repeat(8191)}`, undefined, [])).toBe('x ')
    expect(wordsOf(`a<${'y'.repeat(8000)}>${'z'.repeat(8000)}`, 'text/plain', [])).toBe(`a<${'y'.repeat(8000)}>`)
    expect(wordsOf('x'.repeat(8193), undefined, [])).toBe('')
  })

  it('of a page hide a secret that looks like markup', () => {
    expect(words('<p>the key </p>', 'text/html')).toBe('the key')
    expect(wordsOf('<p>key ab<i>cdef12</p>', 'text/html', ['ab<i>cdef12'])).not.toContain('cdef12')
  })
})

describe('an excerpt', () => {
  it('is the words, redacted and cut', () => {
    expect(excerptOf(`<p>hunter2hunter2 ${'x'.repeat(300)}</p>`, undefined, ['hunter2hunter2'])).toMatch(
      /^\S+ x{100,198}…$/,
    )
    expect(excerptOf('hunter2hunter2', undefined, ['hunter2hunter2'])).not.toContain('hunter2')
  })
})

describe('a page', () => {
  it.each([
    [true, 'a', 'text/html'],
    [true, 'a', 'application/XML'],
    [true, '<p>', 'text/plain'],
    [true, '  <p>', undefined],
    [false, 'a <p>', 'text/plain'],
    [false, '', undefined],
  ])('is known by its type or its first character: %s for %j, %s', (expected, text, type) => {
    expect(isPage(text, type)).toBe(expected)
  })

  it('may begin with up to 4095 characters of white space', () => {
    expect(openingOfText(`${' '.repeat(4095)}<p>`)).toBe('page')
    expect(openingOfText(`${' '.repeat(4096)}<p>`)).toBeUndefined()
  })
})
