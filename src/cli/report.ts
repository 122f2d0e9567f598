import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { isResilientError } from '../errors/errors.ts'
import type { RecordedCall } from '../timeline/index.ts'
import { helpRow } from './help.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

const HELP = `resilient-responses report calls.jsonl [-o calls.html]

Makes one HTML page of the calls that recordCalls() of
resilient-responses/timeline has written. The page opens from a file and asks
for nothing. It holds no prompt, answer, key or query.

${[
  helpRow('-o, --output <file>', 'the page; default: the name of the calls with .html; - for stdout'),
  helpRow('--force', 'replaces a file that this command has not written'),
  helpRow('--title <text>', 'the heading of the page (the name of the calls)'),
  helpRow('--text', 'prints the calls as text in the place of a page'),
  helpRow('--columns <n>', 'the width of the text (80)'),
  helpRow('--json', 'prints counts and percentiles as JSON in the place of a page'),
  helpRow('-h, --help', 'this text'),
].join('\n')}

calls.jsonl is a file, or - for stdin. Exit codes: 0, or 2 for a wrong command
or a file that cannot be read.
`

interface ReportOptions {
  readonly input: string
  readonly output: string
  readonly title: string
  readonly replacesAny: boolean
  readonly as: 'page' | 'text' | 'json'
  readonly columns: number
}

/** `resilient-responses report`: recorded calls as a page, a text or figures. */
export async function report(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = reportOptions(args)
  if (options === 'help') {
    terminal.out(HELP)
    return 0
  }
  const { readCalls, renderHtml, renderText } = await import('../timeline/index.ts')
  const calls = readAs(options.input, readCalls)
  switch (options.as) {
    case 'text':
      terminal.out(renderText(calls, { columns: options.columns, color: terminal.color === true }))
      return 0
    case 'json': {
      const { figuresOf } = await import('../timeline/figures.ts')
      terminal.out(`${JSON.stringify(figuresOf(calls), undefined, 2)}\n`)
      return 0
    }
    case 'page': {
      const page = renderHtml(calls, { title: options.title })
      if (options.output === '-') terminal.out(page)
      else {
        const earlier = earlierAt(options.output)
        if (earlier === 'other' && !options.replacesAny)
          throw new UsageError(
            `${options.output} exists, and \`report\` has not written it. Name another file with -o, or replace it with --force.`,
          )
        written(options.output, page.replace(FIRST_META, `${FIRST_META}\n${MARK}`))
        const note = earlier === 'none' ? '' : ' (an earlier file was replaced)'
        terminal.err(`${options.output}: ${calls.length} ${calls.length === 1 ? 'call' : 'calls'}${note}\n`)
      }
      return 0
    }
  }
}

const FIRST_META = '<meta charset="utf-8">'

/** By this line near its beginning the command knows a page that it has written. */
const MARK = '<meta name="generator" content="resilient-responses report">'

/** The mark stands within so many bytes. */
const HEAD_BYTES = 512

/** What is at a place that a page is to be written to. */
function earlierAt(output: string): 'none' | 'page' | 'other' {
  try {
    const opened = openSync(output, 'r')
    try {
      // A device or a pipe has nothing to lose.
      if (!fstatSync(opened).isFile()) return 'none'
      const head = Buffer.alloc(HEAD_BYTES)
      const length = readSync(opened, head, 0, HEAD_BYTES, 0)
      return length === 0 || head.includes(MARK) ? 'page' : 'other'
    } finally {
      closeSync(opened)
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'other'
  }
}

function reportOptions(args: readonly string[]): ReportOptions | 'help' {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const { values, positionals } = parsed
  if (values.help) return 'help'
  const [input] = positionals
  if (input === undefined || positionals.length > 1) throw new UsageError('report: accepted: one file of calls, or -.')
  if (values.text && values.json) throw new UsageError('report: accepted: --text or --json, not both.')
  const name = input === '-' ? 'calls' : path.basename(input).replace(/\.jsonl?$/, '')
  const output = values.output ?? path.join(input === '-' ? '.' : path.dirname(input), `${name}.html`)
  if (output !== '-' && isSameFile(input, output)) throw new UsageError(`--output: ${output} is the file of the calls.`)
  return {
    input,
    output,
    replacesAny: values.force === true,
    title: values.title ?? name,
    as: values.text ? 'text' : values.json ? 'json' : 'page',
    columns: columnsOf(values.columns),
  }
}

/** By what they are, because a link has another name. */
function isSameFile(input: string, output: string): boolean {
  try {
    const from = input === '-' ? fstatSync(0, { bigint: true }) : statSync(input, { bigint: true })
    const to = statSync(output, { bigint: true })
    return from.isFile() && from.dev === to.dev && from.ino === to.ino
  } catch {
    // One of them does not exist, or cannot be looked at: reading or writing tells why.
    return false
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      force: { type: 'boolean' },
      title: { type: 'string' },
      text: { type: 'boolean' },
      columns: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

function columnsOf(given: string | undefined): number {
  if (given === undefined) return 80
  const columns = /^\d{1,3}$/.test(given) ? Number(given) : 0
  if (columns < 40 || columns > 400) throw new UsageError('--columns: accepted: a whole number from 40 to 400.')
  return columns
}

function readAs(input: string, read: (jsonl: string) => RecordedCall[]): RecordedCall[] {
  const name = input === '-' ? 'stdin' : input
  let text: string
  try {
    text = readFileSync(input === '-' ? 0 : input, 'utf8')
  } catch (error) {
    throw new UsageError(`${name} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  try {
    return read(text)
  } catch (error) {
    if (!isResilientError(error, 'invalid_configuration')) throw error
    throw new UsageError(`${name}, ${error.message}`)
  }
}

function written(output: string, page: string): void {
  try {
    writeFileSync(output, page)
  } catch (error) {
    throw new UsageError(`--output: ${output} cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}
