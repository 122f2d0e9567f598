import type { ReadingContext, Verdict } from '../../src/call/reading.ts'
import type { TappedEvent } from '../../src/sse/tap.ts'
import type { ResponseHead } from '../../src/transport/transport.ts'

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** One frame of an event stream. */
export const frame = (json: object): string => `data: ${JSON.stringify(json)}\n\n`

/** What a reading is told of its call, and the events that it told. */
export function readingContext(given: Partial<ReadingContext> & { status?: number; type?: string | undefined } = {}) {
  const { status = 200, type, ...more } = given
  const head: ResponseHead = {
    status,
    statusText: '',
    headers: [['x-first', '1'], ...(type === undefined ? [] : [['content-type', type] as const])],
  }
  const events: TappedEvent[] = []
  const context: ReadingContext = {
    head,
    kind: 'stream',
    needsEvents: false,
    wholeFrames: false,
    commitAt: 'progress',
    commitWithId: false,
    maxEventBytes: 1000,
    maxPreludeBytes: 500,
    secrets: [],
    clock: { wallNow: () => 0 },
    observer: { onEvent: (event) => events.push(event) },
    ...more,
  }
  return { context, events }
}

/** A verdict as plain words: text for bytes, and what of the failure decides. */
export function shown({ chunk, failure, ...rest }: Verdict) {
  const facts = Object.entries({ text: chunk && Buffer.from(chunk.bytes).toString(), ...rest })
  return {
    ...Object.fromEntries(facts.filter(([, value]) => value !== undefined && value !== false)),
    ...(failure && { code: failure.code }),
  }
}
