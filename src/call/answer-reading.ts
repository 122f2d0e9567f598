import { type Failure, failure } from '../errors/failure.ts'
import { hidden, redact } from '../errors/redact.ts'
import { errorFieldsOf } from '../retry/error-fields.ts'
import { idsOfBody } from '../sse/response-ids.ts'
import { IdCollector, mayHoldId } from './ids-beside.ts'
import { headerOf, type Reading, type ReadingContext, type Verdict } from './reading.ts'
import { upstreamFailure } from './upstream-failure.ts'

/**
 * Reads an answer that is no event stream: an error status, JSON, or a page where a stream was asked for. It is held until
 * it is complete (or larger than the prelude may be), because only the body tells a rate limit from an empty account.
 */
export class AnswerReading implements Reading {
  readonly #context: ReadingContext
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #committed = false

  constructor(context: ReadingContext) {
    this.#context = context
  }

  push(bytes: Uint8Array): Verdict {
    const chunk = { bytes, events: [] }
    if (this.#committed) return { chunk }
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes <= this.#bound) return { chunk }
    if (this.#isWholeResponse)
      return { failure: failure('event_too_large', 'The response is larger than limits.eventBytes.') }
    const { failure: failed } = this.#judge(undefined)
    // Too large to be held for a decision: only what the status alone makes worth another attempt gets one.
    return failed?.lane === undefined ? { chunk, commit: 'answer' } : { failure: failed }
  }

  end(): Verdict {
    if (this.#committed) return { finished: true }
    const text = new TextDecoder().decode(Buffer.concat(this.#chunks))
    return { ...this.#judge(text), finished: true }
  }

  committed(): void {
    this.#committed = true
    this.#chunks.length = 0
  }

  /** Typed faces need all of a response that does not stream: it amounts to one event, and has the bound of one. */
  get #isWholeResponse(): boolean {
    const { head, settings } = this.#context
    return settings.needsEvents && head.status < 300 && this.#saysJson
  }

  get #saysJson(): boolean {
    return headerOf(this.#context.head, 'content-type')?.toLowerCase().includes('json') ?? false
  }

  get #bound(): number {
    const { maxEventBytes, maxPreludeBytes } = this.#context.settings
    return this.#isWholeResponse ? maxEventBytes || Infinity : maxPreludeBytes
  }

  /** @param text the whole body, or `undefined` when it is too large to be an error. */
  #judge(text: string | undefined): Verdict {
    const { head, kind } = this.#context
    const body = parseJson(text)
    const failed =
      head.status >= 400
        ? this.#upstream(head.status, body, text)
        : kind === 'stream'
          ? this.#notAStream(text, body)
          : undefined
    if (failed === undefined) this.#tellIds(text, body)
    return failed === undefined ? { commit: 'answer' } : { failure: failed }
  }

  /** Where the response lives is known before the caller has its id. */
  #tellIds(text: string | undefined, body: unknown): void {
    const { head, owner } = this.#context
    if (!owner.wantsIds || !mayHoldId(head)) return
    if (text !== undefined) {
      owner.onIds(idsOfBody(body))
      return
    }
    const found = new IdCollector()
    for (const chunk of this.#chunks) found.push(chunk)
    owner.onIds(found.ids())
  }

  /** A streaming call was answered with 2xx and something else than a stream. */
  #notAStream(text: string | undefined, body: unknown): Failure | undefined {
    if (text !== undefined && text.trim() === '') return failure('empty_response')
    // Too large to be looked into: no error is.
    if (text === undefined && this.#saysJson) return undefined
    if (hasError(body) || isFailedResponse(body)) return this.#upstream(undefined, body, text)
    // Some endpoints ignore `stream: true` and answer with the whole response.
    if (looksLikeResponse(body)) return undefined
    const type = headerOf(this.#context.head, 'content-type') ?? 'no content-type'
    const { secrets } = this.#context.owner
    // Before the tags are taken out, which would take a secret with such characters apart.
    const words = fieldsOf(body) ?? hidden(text ?? '', secrets).replace(/<[^>]*>/g, ' ')
    return failure(
      'unexpected_content',
      `Expected an event stream, got ${redact(type, secrets)}: ${redact(words, secrets)}`,
    )
  }

  #upstream(status: number | undefined, body: unknown, text: string | undefined): Failure {
    return upstreamFailure(this.#context, { status, error: errorFieldsOf(body), body: body ?? text })
  }
}

/** Passes everything on: calls that are no Responses calls, and redirects. */
export class PassThroughReading implements Reading {
  readonly #context: ReadingContext
  #found: IdCollector | undefined

  constructor(context: ReadingContext) {
    this.#context = context
    if (context.owner.wantsIds && mayHoldId(context.head)) this.#found = new IdCollector()
  }

  push(bytes: Uint8Array): Verdict {
    this.#found?.push(bytes)
    if (this.#found?.isFull) this.#tell()
    return { chunk: { bytes, events: [] } }
  }

  end(): Verdict {
    this.#tell()
    return { finished: true }
  }

  #tell(): void {
    const ids = this.#found?.ids() ?? []
    this.#found = undefined
    if (ids.length > 0) this.#context.owner.onIds(ids)
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

/** Gateways leave out much of a response, but not all that makes it one. */
export function looksLikeResponse(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  const { id, object, output, status } = body as Readonly<Record<string, unknown>>
  return typeof id === 'string' || object === 'response' || Array.isArray(output) || STATUSES.has(status)
}

/** What JSON holds that is no response: the names of its fields, because what stands in them may be a conversation. */
function fieldsOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if (Array.isArray(body)) return 'a list'
  const names = Object.keys(body)
  return names.length === 0 ? 'an object without fields' : `an object with ${names.join(', ')}`
}

function hasError(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { error?: unknown }).error != null
}

/** The whole response, which failed: a result for who retrieves it, a failure for who asked for its output. */
function isFailedResponse(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { status?: unknown }).status === 'failed'
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
