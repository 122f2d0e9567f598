import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readEnv } from '../core/env.ts'
import { isObject } from '../core/rules.ts'
import { helpRow } from './help.ts'
import { parseDuration } from './units.ts'
import { UsageError } from './usage-error.ts'

export interface ProbeOptions {
  readonly baseURL: string
  readonly apiKey: string | undefined
  /** Fields of each request: `model`, a short `input`, and those of `--body`. */
  readonly body: Readonly<Record<string, unknown>>
  readonly model: string
  /** Over each transport. */
  readonly calls: number
  /** Between the starts of two calls. Milliseconds. */
  readonly everyMs: number
  /** How long a call may be without an event before it counts as dead. Milliseconds. */
  readonly waitMs: number
  readonly webSocket: boolean
  readonly json: boolean
}

const DEFAULT_BASE = 'https://api.openai.com/v1'
const DEFAULT_KEY = 'OPENAI_API_KEY'
const DEFAULTS = { calls: 20, everyMs: 500, waitMs: 45_000 } as const

export const PROBE_HELP = `resilient-responses probe --model <name> [--base-url <url>]

Makes small calls to an endpoint, one after another in equal steps, and tells
how long connections, first events and pauses take, how many calls never got
an event, and which options of this library fit. The calls cost what small
calls cost.

${[
  helpRow('--base-url <url>', `where the endpoint is (${DEFAULT_BASE})`),
  helpRow('--model <name>', 'the model that is asked; required'),
  helpRow('--api-key-env <name>', `the environment variable with the key (${DEFAULT_KEY})`),
  helpRow('--calls <n>', `calls over HTTP, and as many over WebSocket (${DEFAULTS.calls})`),
  helpRow('--every <time>', `between the starts of two calls (${DEFAULTS.everyMs}ms)`),
  helpRow('--wait <time>', `without an event, after which a call counts as dead (${DEFAULTS.waitMs / 1000}s)`),
  helpRow('--no-websocket', 'makes no calls over WebSocket'),
  helpRow('--body <file>', 'a JSON object with further fields of each request, for example instructions'),
  helpRow('--json', 'prints the result as JSON'),
  helpRow('-h, --help', 'this text'),
].join('\n')}

Progress is printed on stderr, the result on stdout. Ctrl-C ends the calls and
prints what is known. Exit codes: 0; 1 if no call was answered; 2 for a wrong
command; 130 after Ctrl-C.
`

/** @throws UsageError for what is not accepted. */
export function probeOptions(args: readonly string[]): ProbeOptions | 'help' {
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  if (values.help) return 'help'
  const { model } = values
  if (model === undefined || model === '') throw new UsageError('probe: --model is required; see probe --help.')
  const url = addressOf(values['base-url'] ?? DEFAULT_BASE)
  return {
    baseURL: url.href,
    apiKey: keyOf(values['api-key-env'], url),
    body: { input: 'Reply with the word ok.', store: false, ...bodyOf(values.body), model },
    model,
    calls: numberOf('--calls', values.calls, DEFAULTS.calls, 1000),
    everyMs: timeOf('--every', values.every, DEFAULTS.everyMs),
    waitMs: timeOf('--wait', values.wait, DEFAULTS.waitMs),
    webSocket: values['no-websocket'] !== true,
    json: values.json === true,
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      'base-url': { type: 'string' },
      model: { type: 'string' },
      'api-key-env': { type: 'string' },
      calls: { type: 'string' },
      every: { type: 'string' },
      wait: { type: 'string' },
      'no-websocket': { type: 'boolean' },
      body: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values
}

function addressOf(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError('--base-url: accepted: an address that begins with https:// or http://.')
  return url
}

/** The key comes by the name of a variable: what stands in a command line can be read by every process. */
function keyOf(name: string | undefined, url: URL): string | undefined {
  if (name !== undefined && !/^\w+$/.test(name))
    throw new UsageError('--api-key-env: accepted: the name of an environment variable.')
  const value = readEnv(name ?? DEFAULT_KEY)
  if (value !== undefined && value !== '') return value
  // A server on the way, or on this machine, may need no key.
  if (name === undefined && url.protocol === 'http:') return undefined
  throw new UsageError(`--api-key-env: the environment variable ${name ?? DEFAULT_KEY} is not set.`)
}

function numberOf(flag: string, given: string | undefined, otherwise: number, most: number): number {
  if (given === undefined) return otherwise
  const number = /^\d{1,6}$/.test(given) ? Number(given) : 0
  if (number < 1 || number > most) throw new UsageError(`${flag}: accepted: a whole number from 1 to ${most}.`)
  return number
}

/** Below the deadline of a whole attempt. */
const MOST_MS = 900_000

function timeOf(flag: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise
  const ms = parseDuration(given)
  if (ms === undefined || ms < 1 || ms > MOST_MS)
    throw new UsageError(`${flag}: accepted: milliseconds, or a time such as 45s, up to 15m.`)
  return ms
}

function bodyOf(file: string | undefined): Readonly<Record<string, unknown>> {
  if (file === undefined) return {}
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--body: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  try {
    const json: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    if (isObject(json)) return json
  } catch {
    // Said below: a message of the parser may show what the file holds.
  }
  throw new UsageError(`--body: ${file} holds no JSON object.`)
}
