import { AnswerReader, failureOf, PassthroughReader } from './answer-reader.ts'
import { OpeningReader } from './opening-reader.ts'
import type { ReaderContext, ResponseReader } from './response-reader.ts'

/** How long the body of an error answer is awaited: its status is known, and its body only explains it. */
const ERROR_BODY_MS = 5000

/** Chooses the reader of an answer, and whether the answer is handed over before its body is known. */
export function readerFor(context: ReaderContext): {
  readonly reader: ResponseReader
  readonly commitAtOnce: boolean
  /** How long the body is awaited, if the head has already decided. Milliseconds. */
  readonly waitMs?: number | undefined
} {
  const { kind, head } = context
  const redirect = head.status >= 300 && head.status < 400
  if (kind === 'passthrough' && couldRepeat(context)) return { reader: new AnswerReader(context), commitAtOnce: false }
  if (kind === 'passthrough' || redirect) return { reader: new PassthroughReader(context), commitAtOnce: true }
  const success = head.status >= 200 && head.status < 300 && head.status !== 204
  if (head.status >= 400) return { reader: new AnswerReader(context), commitAtOnce: false, waitMs: ERROR_BODY_MS }
  return { reader: success ? new OpeningReader(context) : new AnswerReader(context), commitAtOnce: false }
}

/** Judged by its head. Its body is only read if it could change the decision. */
function couldRepeat(context: ReaderContext): boolean {
  return context.head.status >= 400 && context.couldRepeat?.(failureOf(context)) === true
}
