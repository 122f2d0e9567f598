/** Makes docs/options.md of what stands with each option: its docstring, and its row in the rules. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { callRules, clientRules } from '../src/client/options.ts'
import type { AnyRules, Rule } from '../src/core/rules.ts'
import { projectRoot } from './stage-package.ts'

/** Where the docstrings of the options below a path stand: the interfaces, and the files that declare them. */
const DECLARED: Readonly<Record<string, ReadonlyArray<readonly [name: string, file: string]>>> = {
  '': [
    ['ResilientClientOptions', 'client/options'],
    ['CallOptions', 'client/options'],
    ['UndiciTransportOptions', 'transport/undici/options'],
  ],
  retry: [['RetryOptions', 'retry/retry-options']],
  'retry.budget': [['RetryBudgetOptions', 'retry/budget']],
  timeouts: [['TimeoutOptions', 'watchdog/timeout-options']],
  hedge: [['HedgeOptions', 'hedge/hedge-options']],
  limits: [['LimitOptions', 'client/options']],
  concurrency: [['ConcurrencyOptions', 'admission/concurrency-options']],
  endpoints: [['EndpointOptions', 'endpoints/endpoint-options']],
  tls: [['TlsOptions', 'transport/undici/tls-options']],
  webSocket: [['WebSocketOptions', 'transport/websocket-options']],
}

const WIDTH = 120

/** What a view shares with its client, although the option around it can be changed. */
const SHARED = /^(?:limits\.headerBytes|retry\.budget)\b/

interface Described {
  readonly path: string
  readonly rule: Rule
  readonly doc: string
}

/** @throws Error for an option without a docstring. */
export function optionsPage(): string {
  const options = describe(clientRules, '')
  const sections = options.map(
    ({ path: name, rule, doc }) =>
      `### \`${name}\`\n\n${[...paragraphs(doc), accepted(rule)].map(wrap).join('\n\n')}\n`,
  )
  return `# Options

Every option of \`new ResilientClient(options)\` and of \`createResilientFetch(options)\`. All are optional. This page is made of
the docstrings and of the rules by which options are checked.

## When

Start without options. Each page about a mechanism says when to change its options: [timeouts](timeouts.md),
[retries and money](retries-and-money.md), [hedging and concurrency](tail.md), [endpoints](endpoints.md),
[WebSocket](websocket.md), [transports](transports.md), [security](security.md).

## Smallest example

\`\`\`ts
import { ResilientClient } from 'resilient-responses'

const client = new ResilientClient({ apiKey: process.env.OPENAI_API_KEY, timeouts: { totalMs: 120_000 } })
const short = client.withOptions({ timeouts: { staleMs: 20_000 }, maxRetries: 1 })
\`\`\`

\`withOptions\` makes a view: a client with other options for its calls, on the same connections and with the same retry budget. The column
"view" marks the options that it accepts.

## Table

${table(options)}

Times are in milliseconds. A path such as \`timeouts.ttfbMs\` means \`{ timeouts: { ttfbMs } }\`. Four environment variables, read
when a client is made, count for options that are not given: \`RESILIENT_RESPONSES_TTFB_TIMEOUT_MS\`,
\`RESILIENT_RESPONSES_IDLE_TIMEOUT_MS\`, \`RESILIENT_RESPONSES_STALE_TIMEOUT_MS\` and \`RESILIENT_RESPONSES_MAX_RETRIES\`.

## What can go wrong

The constructor and \`withOptions\` throw a \`ConfigurationError\` for an unknown name, a value that is not accepted, a deadline that
never fires because another one is always shorter, and an option without effect. The error names the option, its value (never a
secret) and what is accepted.

## How to see it

\`explain(error)\` says the value of a deadline and where it came from: an option, an environment variable, or \`'auto'\`.

## Each option

${sections.join('\n')}`
}

function describe(rules: AnyRules, at: string): Described[] {
  const docs = docsOf(DECLARED[at] ?? [])
  return Object.entries(rules).flatMap(([name, rule]) => {
    const full = at === '' ? name : `${at}.${name}`
    const doc = docs.get(name)
    if (doc === undefined || doc === '') throw new Error(`The option ${full} has no docstring.`)
    const nested = rule.fields ?? rule.each
    return [{ path: full, rule, doc }, ...(nested === undefined ? [] : describe(nested, full))]
  })
}

/** The docstrings of the members of some interfaces; that of the first interface counts. */
function docsOf(declared: ReadonlyArray<readonly [name: string, file: string]>): Map<string, string> {
  const docs = new Map<string, string>()
  for (const [name, file] of declared) {
    for (const [member, doc] of membersOf(name, path.join(projectRoot, 'src', `${file}.ts`))) {
      if (!docs.has(member)) docs.set(member, doc)
    }
  }
  return docs
}

function membersOf(name: string, file: string): Array<[string, string]> {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext, true)
  const declaration = source.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name)
  if (declaration === undefined) throw new Error(`${file} declares no interface ${name}`)
  return (declaration as ts.InterfaceDeclaration).members.map((member) => {
    const [comment] = ts.getJSDocCommentsAndTags(member)
    return [member.name?.getText() ?? '', ts.getTextOfJSDocComment(comment?.comment) ?? '']
  })
}

function table(options: readonly Described[]): string {
  const rows = options.map(({ path: name, rule, doc }) => [
    `[\`${name}\`](#${name.toLowerCase().replaceAll('.', '')})`,
    shownDefault(rule, doc),
    Object.hasOwn(callRules, name.split('.')[0] ?? '') && !SHARED.test(name) ? 'yes' : '',
  ])
  // Not padded to columns: with so many rows the blanks alone would take a part of what the package may weigh.
  const lines = [['option', 'default', 'view'], ['---', '---', '---'], ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`.replaceAll('  |', ' |')).join('\n')
}

function shownDefault(rule: Rule, doc: string): string {
  const value = rule.default
  if (rule.required) return 'required'
  // Where the rule has no default, because it is resolved elsewhere, the docstring may name it.
  const named = /\bDefault:? (`[^`]+`)/.exec(doc)?.[1]
  if (value === undefined) return rule.fields === undefined ? (named ?? 'none') : 'see below'
  if (typeof value !== 'number') return typeof value === 'string' ? `\`'${value}'\`` : `\`${String(value)}\``
  if (rule.accepts.includes('bytes') && value % 1024 === 0)
    return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2} MiB` : `${value / 1024} KiB`
  return String(value).replaceAll(/\B(?=(?:\d{3})+(?!\d))/g, value >= 10_000 ? ' ' : '')
}

function accepted({ accepts }: Rule): string {
  return `Accepted: ${accepts.replaceAll('_', '\\_')}.`
}

/** The paragraphs of a docstring; the entries of a list stay apart. */
function paragraphs(doc: string): string[] {
  return doc.split(/\n\s*\n|\n(?=- )/).map((text) => text.replaceAll(/\s*\n\s*/g, ' ').trim())
}

function wrap(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}
