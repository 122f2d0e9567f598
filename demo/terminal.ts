import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** The output of the demo, with its width, its colours, and whether lines can be overwritten. */
export interface Terminal {
  readonly width: number
  /** Whether lines can be overwritten. */
  readonly live: boolean
  /** Default `false`. */
  readonly coloured?: boolean
  paint(style: Style, text: string): string
  print(...lines: string[]): void
  /** Replaces the lines of the last `redraw`. Only where `live`. */
  redraw(lines: readonly string[]): void
}

const MIN_WIDTH = 72
const MAX_WIDTH = 110
/** For a pipe or a file. */
const DEFAULT_WIDTH = 80

/** Colours only on a terminal, and not where `NO_COLOR` is set. */
export function terminalOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTerminal = stream.isTTY === true
  const coloured = isTerminal && !env.NO_COLOR && env.TERM !== 'dumb'
  let drawn = 0
  return {
    width: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, (isTerminal ? stream.columns : undefined) || DEFAULT_WIDTH)),
    // A wrapped line cannot be overwritten.
    live: isTerminal && env.TERM !== 'dumb' && stream.columns >= MIN_WIDTH,
    coloured,
    paint: (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text),
    print(...lines) {
      drawn = 0
      stream.write(`${lines.join('\n')}\n`)
    },
    redraw(lines) {
      const up = drawn > 0 ? `\x1b[${drawn}A` : ''
      stream.write(`${up}${lines.map((line) => `\r\x1b[2K${line}\n`).join('')}`)
      drawn = lines.length
    },
  }
}

/** The number of columns of a text, without its colour codes. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

/** Wraps words to lines of at most `width` columns. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, indent + line]
}

/** `0.8 s`, `45.0 s`, `122 s`. */
export function seconds(ms: number): string {
  return ms < 99_950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
