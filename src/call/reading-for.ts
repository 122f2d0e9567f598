import { AnswerReading, failureOf, PassThroughReading } from './answer-reading.ts'
import { OpeningReading } from './opening-reading.ts'
import type { Reading, ReadingContext } from './reading.ts'

/** How the body of an answer is to be read, and whether the answer is handed over before its body is known. */
export function readingFor(context: ReadingContext): { readonly reading: Reading; readonly commitAtOnce: boolean } {
  const { kind, head } = context
  const redirect = head.status >= 300 && head.status < 400
  if (kind === 'other' && couldRepeat(context)) return { reading: new AnswerReading(context), commitAtOnce: false }
  if (kind === 'other' || redirect) return { reading: new PassThroughReading(context), commitAtOnce: true }
  const success = head.status >= 200 && head.status < 300 && head.status !== 204
  return { reading: success ? new OpeningReading(context) : new AnswerReading(context), commitAtOnce: false }
}

/** Judged by its head; what its body says is only read where it could matter. */
function couldRepeat(context: ReadingContext): boolean {
  return context.head.status >= 400 && context.couldRepeat?.(failureOf(context)) === true
}
