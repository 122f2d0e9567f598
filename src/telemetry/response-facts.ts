import { redactWord } from '../errors/redact.ts'

/** The tokens that a response cost, as the endpoint counted them. A number that the endpoint did not send is absent. */
export interface CallUsage {
  readonly inputTokens?: number
  /** Of the input, those that were read from the prompt cache. */
  readonly cachedInputTokens?: number
  readonly outputTokens?: number
  /** Of the output, those of reasoning. */
  readonly reasoningTokens?: number
  readonly totalTokens?: number
}

/** What an answer says of its response: words and numbers, and no text of the output. */
export interface ResponseFacts {
  readonly responseId?: string
  /** The model that answered. It may be a dated version of the one that was asked for. */
  readonly responseModel?: string
  /** `completed`, `incomplete`, `failed` or `cancelled`. */
  readonly responseStatus?: string
  readonly usage?: CallUsage
}

/** A name, and no sentence: what holds a space could be a piece of an answer. */
const NAME = /^[\w.:/@+-]{1,200}$/

/**
 * The facts of a response.
 *
 * @param body the JSON of an answer, or the terminal event of a stream: whatever the endpoint sent.
 * @param secrets values of the request, which an endpoint may echo in the place of a name.
 * @returns `undefined` where the body names no fact.
 */
export function responseFactsOf(body: unknown, secrets: readonly string[]): ResponseFacts | undefined {
  const sent = fieldsOf(fieldsOf(body).response ?? body)
  const name = (value: unknown): string | undefined =>
    typeof value === 'string' && NAME.test(value) ? redactWord(value, secrets, value.length) : undefined
  const facts = withoutAbsent({
    responseId: name(sent.id),
    responseModel: name(sent.model),
    responseStatus: name(sent.status),
    usage: usageOf(fieldsOf(sent.usage)),
  })
  return Object.keys(facts).length === 0 ? undefined : facts
}

function usageOf(sent: Fields): CallUsage | undefined {
  const usage = withoutAbsent({
    inputTokens: count(sent.input_tokens),
    cachedInputTokens: count(fieldsOf(sent.input_tokens_details).cached_tokens),
    outputTokens: count(sent.output_tokens),
    reasoningTokens: count(fieldsOf(sent.output_tokens_details).reasoning_tokens),
    totalTokens: count(sent.total_tokens),
  })
  return Object.keys(usage).length === 0 ? undefined : usage
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

type Fields = Readonly<Record<string, unknown>>
const NO_FIELDS: Fields = {}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : NO_FIELDS
}

/** The fields that have a value. */
function withoutAbsent<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {}
  // Called twice a call: entries and a filter would take longer.
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name]
  return kept as never
}
