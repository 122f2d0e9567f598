import type { ReaderContext, ReaderSettings, ReadResult } from '../../src/call/response-reader.ts'
import type { ResponseHead } from '../../src/transport/transport.ts'

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** One frame of an event stream. */
export const frame = (json: object): string => `data: ${JSON.stringify(json)}\n\n`

export type Given = Partial<ReaderSettings & Pick<ReaderContext, 'head' | 'kind' | 'commitWithId' | 'clock'>> & {
  readonly status?: number
  readonly type?: string | undefined
  /** The credential of the request. */
  readonly secret?: string
}

/** What a reader is told of its call. */
export function readerContext(given: Given = {}): ReaderContext {
  const { status = 200, type, kind = 'stream', commitWithId = false, secret, ...more } = given
  const usual: ResponseHead = {
    status,
    statusText: '',
    headers: [['x-first', '1'], ...(type === undefined ? [] : [['content-type', type] as const])],
  }
  const { head = usual, clock = { wallNow: () => 0 }, ...settings } = more
  return {
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
    request: {
      url: new URL('https://api.test/v1/responses'),
      headers: secret === undefined ? [] : [['authorization', `Bearer ${secret}`]],
      body: { kind: 'none' },
    },
    wantsIds: true,
    log: { classifyFailed: () => {} },
  }
}

/** A read result as plain words: text for bytes, and what of the failure decides. Events, ids and readers are not shown. */
export function shown({ bytes, events: _, ids: __, next: ___, answer: ____, failure, ...rest }: ReadResult) {
  const facts = Object.entries({ text: bytes.length > 0 ? Buffer.from(bytes).toString() : undefined, ...rest })
  return {
    ...Object.fromEntries(facts.filter(([, value]) => value !== undefined && value !== false)),
    ...(failure && { code: failure.code }),
  }
}
