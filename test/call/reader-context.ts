import type {
  ReaderContext,
  ReaderOwner,
  ReaderSettings,
  ReadResult,
  ResponseReader,
} from '../../src/call/response-reader.ts'
import type { SseEvent } from '../../src/sse/sse-reader.ts'
import type { ResponseHead } from '../../src/transport/transport.ts'

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** One frame of an event stream. */
export const frame = (json: object): string => `data: ${JSON.stringify(json)}\n\n`

export type Given = Partial<ReaderSettings & Pick<ReaderContext, 'head' | 'kind' | 'commitWithId' | 'clock'>> &
  Partial<Pick<ReaderOwner, 'secrets'>> & { readonly status?: number; readonly type?: string | undefined }

/** What a reading is told of its call, and the events that it told. */
export function readerContext(given: Given = {}) {
  const { status = 200, type, kind = 'stream', commitWithId = false, secrets = [], ...more } = given
  const usual: ResponseHead = {
    status,
    statusText: '',
    headers: [['x-first', '1'], ...(type === undefined ? [] : [['content-type', type] as const])],
  }
  const { head = usual, clock = { wallNow: () => 0 }, ...settings } = more
  const events: SseEvent[] = []
  const ids: string[] = []
  const chosen: ResponseReader[] = []
  const context: ReaderContext = {
    head,
    kind,
    commitWithId,
    settings: {
      needsEvents: false,
      wholeFrames: false,
      commitAt: 'progress',
      maxEventBytes: 1000,
      maxPreludeBytes: 500,
      ...settings,
    },
    clock,
    owner: {
      onEvent: (event) => void events.push(event),
      readsWith: (reading) => void chosen.push(reading),
      url: new URL('https://api.test/v1/responses'),
      secrets,
      request: { headers: [], body: { kind: 'none' } },
      wantsIds: true,
      onIds: (seen) => void ids.push(...seen),
    },
    log: { classifyFailed: () => {} },
  }
  return { context, events, ids, chosen }
}

/** A verdict as plain words: text for bytes, and what of the failure decides. */
export function shown({ chunk, failure, ...rest }: ReadResult) {
  const facts = Object.entries({ text: chunk && Buffer.from(chunk.bytes).toString(), ...rest })
  return {
    ...Object.fromEntries(facts.filter(([, value]) => value !== undefined && value !== false)),
    ...(failure && { code: failure.code }),
  }
}
