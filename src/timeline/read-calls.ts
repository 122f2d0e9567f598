import { isObject } from '../core/rules.ts'
import { shownWord } from '../core/shown.ts'
import { ERROR_CATALOG } from '../errors/catalog.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { ACCEPTED_MS, isMs } from './check-calls.ts'
import { JSONL_VERSION } from './jsonl.ts'
import type { RecordedAttempt, RecordedCall } from './recorded-call.ts'
import { withSafeAddresses } from './safe-address.ts'

/** What a field has to be. `optional` fields may be absent. */
interface Kind {
  readonly accepts: string
  readonly test: (value: unknown) => boolean
  readonly optional?: true
  readonly fields?: Kinds
  readonly each?: Kinds
}

type Kinds = Readonly<Record<string, Kind>>

/** One row for each field, so that a new field cannot be forgotten. */
type KindsOf<T> = { readonly [Name in keyof T]-?: Kind }

const MOST_TEXT = 2000

const text: Kind = {
  accepts: `a text of at most ${MOST_TEXT} characters`,
  test: (value) => typeof value === 'string' && value.length <= MOST_TEXT,
}
const ms: Kind = { accepts: ACCEPTED_MS, test: isMs }
const count: Kind = {
  accepts: 'a whole number from 0',
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
}
const flag: Kind = { accepts: 'true or false', test: (value) => typeof value === 'boolean' }
const word = (...words: readonly string[]): Kind => ({
  accepts: words.join(', ').replace(/, (?!.*, )/, ' or '),
  test: (value) => words.includes(value as string),
})
const code: Kind = {
  accepts: 'a code of docs/errors.md',
  test: (value) => typeof value === 'string' && Object.hasOwn(ERROR_CATALOG, value),
}
const object = (fields: Kinds): Kind => ({ accepts: 'an object', test: isObject, fields })
const maybe = (kind: Kind): Kind => ({ ...kind, optional: true })

const giveUpReason = word(
  'not_retryable',
  'not_replayable',
  'committed',
  'retries_exhausted',
  'unreachable',
  'budget_exhausted',
  'deadline_exceeded',
  'hint_too_long',
)

const DEADLINE: KindsOf<NonNullable<RecordedAttempt['deadline']>> = { name: text, ms, source: text }
const HEDGE: KindsOf<NonNullable<RecordedAttempt['hedge']>> = {
  silentMs: ms,
  deadProbability: {
    accepts: 'a number from 0 to 1',
    test: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
}
const USAGE: KindsOf<NonNullable<RecordedCall['usage']>> = {
  inputTokens: maybe(count),
  cachedInputTokens: maybe(count),
  outputTokens: maybe(count),
  reasoningTokens: maybe(count),
  totalTokens: maybe(count),
}

const ATTEMPT: KindsOf<RecordedAttempt> = {
  attempt: count,
  outcome: word('failed', 'answered', 'committed', 'aborted', 'lost', 'running'),
  code: maybe(code),
  phase: word('preparing', 'connecting', 'sending', 'waiting', 'prelude', 'committed'),
  generation: count,
  connectionReused: flag,
  startedAtMs: ms,
  connectedAtMs: maybe(ms),
  sentAtMs: maybe(ms),
  headersAtMs: maybe(ms),
  firstEventAtMs: maybe(ms),
  committedAtMs: maybe(ms),
  endedAtMs: ms,
  status: maybe(count),
  requestId: maybe(text),
  responseId: maybe(text),
  upstreamCode: maybe(text),
  upstreamType: maybe(text),
  transport: maybe(word('http', 'websocket')),
  deadline: maybe(object(DEADLINE)),
  endpoint: maybe(text),
  hedge: maybe(object(HEDGE)),
  resumes: maybe(word('stream', 'state')),
  giveUpReason: maybe(giveUpReason),
  retryAfterMs: maybe(ms),
}

const MOST_ATTEMPTS = 1000

const CALL: KindsOf<RecordedCall> = {
  callId: count,
  startedAt: ms,
  kind: word('stream', 'json', 'passthrough'),
  method: text,
  url: text,
  stream: flag,
  continuation: flag,
  model: maybe(text),
  effort: maybe(text),
  tier: maybe(text),
  label: maybe(text),
  bodyBytes: maybe(count),
  outcome: word('completed', 'failed', 'aborted', 'running'),
  durationMs: ms,
  queuedMs: maybe(ms),
  hedges: count,
  code: maybe(code),
  giveUpReason: maybe(giveUpReason),
  firstEventMs: maybe(ms),
  firstOutputMs: maybe(ms),
  usage: maybe(object(USAGE)),
  responseId: maybe(text),
  responseModel: maybe(text),
  responseStatus: maybe(text),
  attempts: {
    accepts: `a list of at most ${MOST_ATTEMPTS} attempts`,
    test: (value) => Array.isArray(value) && value.length <= MOST_ATTEMPTS && value.every(isObject),
    each: ATTEMPT,
  },
  attemptsLeftOut: maybe(count),
}

/**
 * Reads the lines that `toJSONL()` and `write()` of a recorder make. Blank lines are skipped, and so are fields that are not known.
 * Addresses are read without user, password and query.
 *
 * @throws ConfigurationError for the first line that holds no call. Names the line, the field and what is accepted.
 */
export function readCalls(jsonl: string): RecordedCall[] {
  if (typeof jsonl !== 'string') throw new ConfigurationError('readCalls: accepted: the text of a file.', 'jsonl')
  return jsonl
    .replace(/^\ufeff/, '')
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [readLine(line, index + 1)]))
}

function readLine(line: string, number: number): RecordedCall {
  const at = `line ${number}`
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    // The message of the parser shows a part of the line, which may be any file.
    throw new ConfigurationError(`${at}: not JSON; accepted: a line that recordCalls() has written.`, at)
  }
  if (!isObject(json)) throw new ConfigurationError(`${at}: accepted: an object, one call.`, at)
  if (json.version !== JSONL_VERSION) {
    const got = typeof json.version === 'number' ? String(json.version) : 'none'
    throw new ConfigurationError(`${at}: version: got ${got}; accepted: ${JSONL_VERSION}.`, `${at}: version`)
  }
  return withSafeAddresses(checked(json, CALL, `${at}: `) as unknown as RecordedCall)
}

/** The known fields. */
function checked(given: Readonly<Record<string, unknown>>, kinds: Kinds, path: string): Record<string, unknown> {
  const known: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(kinds)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    const at = `${path}${name}`
    if (value === undefined && kind.optional) continue
    if (!kind.test(value))
      throw new ConfigurationError(`${at}: got ${shownWord(value)}; accepted: ${kind.accepts}.`, at)
    known[name] = value
    if (kind.fields !== undefined) known[name] = checked(value as Record<string, unknown>, kind.fields, `${at}.`)
    if (kind.each !== undefined)
      known[name] = (value as Record<string, unknown>[]).map((one, index) =>
        checked(one, kind.each as Kinds, `${at}.${index}.`),
      )
  }
  return known
}
