/** The titles of tests as they are written in a source text: the first argument of what makes a test, or a table of them. */
export function titlesIn(text: string): string[] {
  const calls = text.matchAll(/(?:\b(?:describe|it|test)|\))\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g)
  return [...calls].map(([, , title = '']) => title)
}
