import { firstJsonOf } from '../core/json-text.ts'
import { NONE } from '../core/lists.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { redact, secretsOf } from '../errors/redact.ts'
import { errorFieldsOf, type UpstreamErrorFields } from '../retry/error-fields.ts'
import { idsOfBody } from '../sse/response-ids.ts'
import { SseReader } from '../sse/sse-reader.ts'
import { addressAdvice } from './address-advice.ts'
import { excerptOf, isPage, openingOfText, wordsOf } from './excerpt.ts'
import { hidingEchoes } from './hiding-echoes.ts'
import { IdCollector, mayHoldId } from './ids-beside.ts'
import { openingOf } from './opening.ts'
import { otherApi, otherApiOf } from './other-apis.ts'
import { headerOf, NOTHING_READ, type ReaderContext, type ReadResult, type ResponseReader } from './response-reader.ts'
import { upstreamFailure } from './upstream-failure.ts'
import { wrongResponse } from './wrong-response.ts'

/** The content of an answer so far. */
interface Said {
  readonly text: string
  /** The parsed text. `undefined` if it is not JSON, or is incomplete. */
  readonly json: unknown
  readonly isWhole: boolean
}

/**
 * Reads an answer that is not an event stream: an error status, JSON, or a page in place of a response. Holds it until
 * it is complete (or larger than the prelude may be), because only the body distinguishes a rate limit from an empty
 * account, and a response from a page.
 */
export class AnswerReader implements ResponseReader {
  readonly #context: ReaderContext
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #opensAsJson: boolean | undefined
  #committed = false

  constructor(context: ReaderContext) {
    this.#context = context
  }

  get readsWhole(): boolean {
    return true
  }

  push(bytes: Uint8Array): ReadResult {
    const held = { bytes, events: NONE }
    if (this.#committed) return held
    this.#opensAsJson ??= openingOf(bytes) === 'json'
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes <= this.#bound) return held
    if (this.#isWholeResponse)
      return {
        ...NOTHING_READ,
        failure: failure('event_too_large', 'The response is larger than limits.eventBytes.'),
      }
    // The answer of a passthrough call goes to the caller unchanged.
    if (this.#context.kind === 'passthrough') return { ...held, commit: 'answer' }
    const judged = this.#judge(false)
    // Too large to be held. Only a beginning that is worth a retry leads to one.
    return judged.failure?.lane === undefined ? { ...held, commit: 'answer', ids: judged.ids } : judged
  }

  end(): ReadResult {
    if (this.#committed) return { ...NOTHING_READ, finished: true }
    const judged = this.#judge(true)
    // The connection delivered an answer to another call: the attempt fails, and the connection is not used again.
    return judged.failure?.code === 'wrong_response' ? judged : { ...judged, finished: true }
  }

  committed(): void {
    this.#committed = true
    this.#chunks.length = 0
  }

  /** An error status decides, even if its body is incomplete. */
  lingered(): ReadResult {
    return this.#committed ? NOTHING_READ : { ...this.#judge(true), finished: true }
  }

  /** The head of a passthrough answer decides. */
  brokenOff(failed: Failure): Failure {
    return this.#context.kind === 'passthrough' && !this.#committed ? failureOf(this.#context) : failed
  }

  /**
   * Typed faces need the whole response, and so does an SDK that asked for a stream, which is made from it. Its size
   * limit is that of one event.
   */
  get #isWholeResponse(): boolean {
    const { head, kind, settings } = this.#context
    return (settings.needsEvents || kind === 'stream') && head.status < 300 && this.#opensAsJson === true
  }

  get #bound(): number {
    const { maxEventBytes, maxPreludeBytes } = this.#context.settings
    return this.#isWholeResponse ? maxEventBytes || Infinity : maxPreludeBytes
  }

  get #type(): string | undefined {
    return headerOf(this.#context.head, 'content-type')
  }

  /** @param isWhole the body is complete. Otherwise it is too large to be an error. */
  #judge(isWhole: boolean): ReadResult {
    const { status } = this.#context.head
    const text = new TextDecoder().decode(Buffer.concat(this.#chunks))
    const said = { text, json: isWhole ? parseJson(text) : undefined, isWhole }
    const failed = status >= 400 ? this.#refused(said) : status < 300 ? this.#unexpected(said) : undefined
    if (failed !== undefined) return { ...NOTHING_READ, failure: failed }
    return { ...NOTHING_READ, commit: 'answer', ids: this.#idsIn(said), answer: said.json }
  }

  /** Reported with the commit, so that the owner is known before the caller has the id. */
  #idsIn({ json, isWhole }: Said): readonly string[] | undefined {
    const { head, wantsIds } = this.#context
    if (!wantsIds || !mayHoldId(head)) return undefined
    if (isWhole) return idsOfBody(json)
    const found = new IdCollector()
    for (const chunk of this.#chunks) found.push(chunk)
    return found.ids()
  }

  get #secrets(): readonly string[] {
    const { url, headers } = this.#context.request
    return secretsOf(url, headers)
  }

  /** An error status. Its reason may be in JSON, in an event, in a text or on a page. */
  #refused(said: Said): Failure {
    const { status } = this.#context.head
    const fields = said.isWhole ? this.#reasonOf(said) : undefined
    const failed = this.#upstream(status, fields, said)
    const { url } = this.#context.request
    const excerpt = fields === undefined ? this.#excerptOf(said.text) : ''
    const told =
      excerpt === '' ? failed : { ...failed, message: `${failed.message}: ${excerpt}`, upstreamMessage: excerpt }
    const { message } = told
    const isJson = said.json !== undefined || !said.isWhole || openingOfText(said.text) === 'stream'
    const advice =
      failed.code === 'http_status'
        ? addressAdvice({ url, status, isJson, fields, text: said.text, secrets: this.#secrets })
        : undefined
    return advice === undefined ? told : { ...told, message: `${message}. ${advice}`, advice }
  }

  /** A safe excerpt of a page or a text. */
  #excerptOf(text: string): string {
    return excerptOf(hidingEchoes(this.#context.request)(text), this.#type, this.#secrets)
  }

  #reasonOf({ text, json }: Said): UpstreamErrorFields | undefined {
    if (typeof json === 'string') return { message: json }
    if (json !== undefined) return errorFieldsOf(json)
    const opening = openingOfText(text)
    if (opening === 'stream') return this.#reasonInStream()
    // JSON that something follows: another line, or what a proxy has appended.
    if (opening === 'json') return errorFieldsOf(firstJsonOf(text))
    // A page is only shown as an excerpt. Its words decide nothing.
    if (isPage(text, this.#type)) return undefined
    const words = wordsOf(text, this.#type, this.#secrets)
    return words.trim() === '' ? undefined : { message: words }
  }

  /** Some gateways answer with an error status, and put the reason into an event. */
  #reasonInStream(): UpstreamErrorFields | undefined {
    const tap = new SseReader(this.#context.settings.maxEventBytes)
    const events = [...tap.push(Buffer.concat(this.#chunks)).events, ...tap.end().events]
    return errorFieldsOf(events.findLast((event) => event.class === 'terminal')?.json)
  }

  /** A 2xx answer to a Responses call that is not a response. */
  #unexpected(said: Said): Failure | undefined {
    const { text, json, isWhole } = said
    const { kind } = this.#context
    if (text.trim() === '') return kind === 'stream' ? failure('empty_response') : undefined
    // Too large to be parsed. An error is never that large.
    if (!isWhole && this.#opensAsJson) return undefined
    const other = otherApiOf(json)
    if (other !== undefined) return otherApi(other)
    // Some endpoints ignore `stream: true` and answer with the whole response. For JSON calls a failed response is an
    // answer, too.
    const failed = hasError(json) || isFailedResponse(json)
    if (looksLikeResponse(json) && (kind === 'json' || !failed))
      return wrongResponse((json as { readonly id?: unknown }).id, this.#context.expects)
    const fields = errorFieldsOf(json)
    if (failed || fields?.code !== undefined || fields?.status !== undefined)
      return this.#upstream(undefined, fields, said)
    const wanted = kind === 'stream' ? 'an event stream' : 'a response'
    const type = redact(this.#type ?? 'no content-type', this.#secrets)
    const words = fieldsOf(json) ?? (this.#opensAsJson ? 'broken JSON' : this.#excerptOf(text))
    return failure('unexpected_content', `Expected ${wanted}, got ${type}${words === '' ? '' : `: ${words}`}`)
  }

  #upstream(
    status: number | undefined,
    error: UpstreamErrorFields | undefined,
    { text, json, isWhole }: Said,
  ): Failure {
    return upstreamFailure(this.#context, { status, error, body: isWhole ? (json ?? text) : undefined })
  }
}

/** The meaning of an error answer by its head alone. */
export function failureOf(context: ReaderContext): Failure {
  return upstreamFailure(context, { status: context.head.status, error: undefined, body: undefined })
}

/** Passes everything on: passthrough calls, and redirects. */
export class PassthroughReader implements ResponseReader {
  #found: IdCollector | undefined

  constructor(context: ReaderContext) {
    if (context.wantsIds && mayHoldId(context.head)) this.#found = new IdCollector()
  }

  push(bytes: Uint8Array): ReadResult {
    this.#found?.push(bytes)
    return { bytes, events: NONE, ids: this.#found?.isFull ? this.#idsFound() : undefined }
  }

  end(): ReadResult {
    return { ...NOTHING_READ, finished: true, ids: this.#idsFound() }
  }

  #idsFound(): readonly string[] | undefined {
    const ids = this.#found?.ids()
    this.#found = undefined
    return ids
  }
}

const STATUSES: ReadonlySet<unknown> = new Set([
  'completed',
  'failed',
  'in_progress',
  'cancelled',
  'queued',
  'incomplete',
])

/** Gateways leave out much of a response, but not all. An answer of another API is not a response. */
export function looksLikeResponse(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || otherApiOf(body) !== undefined) return false
  const { id, object, output, status } = body as Readonly<Record<string, unknown>>
  return typeof id === 'string' || object === 'response' || Array.isArray(output) || STATUSES.has(status)
}

/** The name of a field. A longer text may be content. */
const FIELD_NAME = /^[\w.-]{1,40}$/

/** What JSON holds that is not a response: the names of its fields, because their values may be a conversation. */
function fieldsOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if (Array.isArray(body)) return 'a list'
  const names = Object.keys(body)
  if (names.length === 0) return 'an object without fields'
  const shown = names.filter((name) => FIELD_NAME.test(name)).slice(0, 10)
  return `an object with ${(shown.length < names.length ? [...shown, '…'] : shown).join(', ')}`
}

function hasError(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { error?: unknown }).error != null
}

/** The whole response failed: a result for a caller that retrieves it, a failure for one that asked for its output. */
function isFailedResponse(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { status?: unknown }).status === 'failed'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
