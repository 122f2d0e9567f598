/** The help of a command: a table of flags. */

const INDENT = 27
const COLUMNS = 80

/** A flag, and what it does beside it. */
export function helpRow(flag: string, help: string): string {
  const lines = wrapped(help, COLUMNS - INDENT)
  return `  ${flag.padEnd(INDENT - 2)}${lines.join(`\n${' '.repeat(INDENT)}`)}`
}

/** Lines of at most `columns`, cut between words. */
export function wrapped(text: string, columns: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trimStart()
    if (line.length > columns) lines.push(word)
    else lines[lines.length - 1] = line
  }
  return lines
}
