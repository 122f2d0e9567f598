import { AnswerReading, PassThroughReading } from './answer-reading.ts'
import { headerOf, type Reading, type ReadingContext } from './reading.ts'
import { StreamReading } from './stream-reading.ts'

/** How the body of an answer is to be read, and whether the answer is handed over before its body is known. */
export function readingFor(context: ReadingContext): { readonly reading: Reading; readonly commitAtOnce: boolean } {
  const { kind, head } = context
  const redirect = head.status >= 300 && head.status < 400
  if (kind === 'other' || redirect) return { reading: new PassThroughReading(context), commitAtOnce: true }
  const success = head.status >= 200 && head.status < 300 && head.status !== 204
  // A body that can be read once was not looked into, so its call may have asked for a stream without our knowing.
  const isStream = success && (kind === 'stream' ? !saysOtherwise(context) : saysStream(context))
  return { reading: isStream ? new StreamReading(context) : new AnswerReading(context), commitAtOnce: false }
}

/** Gateways label event streams in many ways, so only a label that cannot be one counts. */
function saysOtherwise({ head }: ReadingContext): boolean {
  const type = headerOf(head, 'content-type')?.toLowerCase() ?? ''
  return type.includes('json') || type.includes('html') || type.includes('xml')
}

function saysStream({ head }: ReadingContext): boolean {
  return headerOf(head, 'content-type')?.toLowerCase().includes('text/event-stream') ?? false
}
