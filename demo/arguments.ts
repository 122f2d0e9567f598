import { parseArgs } from 'node:util'

/** The parsed command line. */
export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'mock'
      readonly calls: number
      readonly concurrency: number
      readonly seed: number
      /** Where to write a picture of some calls. */
      readonly svg: string | undefined
    }
  | {
      readonly kind: 'real'
      readonly calls: number
      readonly concurrency: number
      readonly baseURL: string
      readonly model: string
      readonly prompt: string
      readonly apiKey: string | undefined
    }

/** An invalid command line. The message says why. */
export class UsageError extends Error {}

export const DEFAULT_SEED = 215
const DEFAULT_PROMPT = 'Explain in about 100 words why the sky is blue.'

export const HELP = `npm run demo -- [options]

Without --base-url: 200 calls against an endpoint that misbehaves, through plain
fetch, the openai SDK, and this library without and with hedging, side by side.
Then the same calls where nothing goes wrong. Needs no key, no network, and
about a minute.

  --calls <n>         how many calls, 1 to 1000             (200; 5 with --base-url)
  --concurrency <n>   how many at a time, 1 to 100          (16; 2 with --base-url)
  --seed <n>          which calls meet what                 (${DEFAULT_SEED})
  --svg <file>        also draw the calls with the worst luck into this file

With --base-url: streams calls from a real endpoint of the Responses API, through
this library alone. The key is taken from OPENAI_API_KEY.

  --base-url <url>    for example https://api.openai.com/v1
  --model <name>      the model to ask
  --prompt <text>     what to ask
                      ("${DEFAULT_PROMPT}")

  --help              this text

It exits with 0 if every call through this library succeeded, with 1 if one did
not, and with 2 if the command line cannot be followed.`

/** @throws UsageError */
export function parseCommand(args: readonly string[], env: NodeJS.ProcessEnv): Command {
  const values = parse(args)
  if (values.help) return { kind: 'help' }
  const baseURL = values['base-url']
  if (baseURL === undefined) {
    for (const name of ['model', 'prompt'] as const) {
      if (values[name] !== undefined)
        throw new UsageError(`--${name} needs --base-url: the mock endpoint has no models.`)
    }
    return {
      kind: 'mock',
      calls: integer('--calls', values.calls, 200, 1, 1000),
      concurrency: integer('--concurrency', values.concurrency, 16, 1, 100),
      seed: integer('--seed', values.seed, DEFAULT_SEED, 0, 2 ** 32 - 1),
      svg: values.svg,
    }
  }
  const url = URL.parse(baseURL)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError(
      `--base-url: '${baseURL}' is not an http: or https: address such as https://api.openai.com/v1.`,
    )
  }
  if (values.svg !== undefined) throw new UsageError('--svg is for the mock endpoint; leave it out beside --base-url.')
  if (values.seed !== undefined)
    throw new UsageError('--seed is for the mock endpoint; leave it out beside --base-url.')
  if (!values.model) throw new UsageError('--base-url needs --model, for example --model gpt-5.2.')
  const apiKey = env.OPENAI_API_KEY?.trim() || undefined
  if (apiKey === undefined && url.protocol === 'https:') {
    throw new UsageError('OPENAI_API_KEY is not set: OPENAI_API_KEY=sk-… npm run demo -- --base-url …')
  }
  return {
    kind: 'real',
    calls: integer('--calls', values.calls, 5, 1, 1000),
    concurrency: integer('--concurrency', values.concurrency, 2, 1, 100),
    baseURL,
    model: values.model,
    prompt: values.prompt ?? DEFAULT_PROMPT,
    apiKey,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        calls: { type: 'string' },
        concurrency: { type: 'string' },
        seed: { type: 'string' },
        svg: { type: 'string' },
        'base-url': { type: 'string' },
        model: { type: 'string' },
        prompt: { type: 'string' },
      },
    }).values
  } catch (error) {
    // "Unknown option '--foo'. To specify a positional …": the first sentence is enough.
    throw new UsageError((error as Error).message.split('. ')[0] ?? 'the options cannot be read')
  }
}

function integer(flag: string, given: string | undefined, fallback: number, least: number, most: number): number {
  if (given === undefined) return fallback
  const value = Number(given)
  if (/^\d+$/.test(given) && value >= least && value <= most) return value
  throw new UsageError(`${flag}: '${given}' is not a whole number from ${least} to ${most}.`)
}
