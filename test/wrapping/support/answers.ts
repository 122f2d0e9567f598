import { sseFrame, textStream } from '../../../src/testing/index.ts'
import type { RawConnection } from '../../support/raw-server.ts'

/** What one request gets: an answer in parts, and how it ends. */
export interface Answer {
  readonly status?: number
  readonly type?: string
  readonly parts: readonly string[]
  readonly end: 'whole' | 'cut' | 'open'
}

const FRAMES = textStream({ text: 'one two three' }).map(sseFrame)
const STREAM = 'text/event-stream'
const FIRST_DELTA = FRAMES.findIndex((frame) => frame.includes('output_text.delta'))

export const WHOLE: Answer = { type: STREAM, parts: FRAMES, end: 'whole' }
/** Nothing but what is held back before the commit. */
export const CUT_IN_PRELUDE: Answer = { type: STREAM, parts: FRAMES.slice(0, 2), end: 'cut' }
export const SHOWN = FRAMES.slice(0, FIRST_DELTA + 1)
export const CUT_AFTER_OUTPUT: Answer = { type: STREAM, parts: SHOWN, end: 'cut' }
export const OPEN_AFTER_OUTPUT: Answer = { type: STREAM, parts: SHOWN, end: 'open' }
export const SILENT: Answer = { type: STREAM, parts: [], end: 'open' }
export const BUSY: Answer = { status: 503, type: 'application/json', parts: ['{"error":{}}'], end: 'whole' }
export const MODELS: Answer = { type: 'application/json', parts: ['{"data":', '[]}'], end: 'whole' }
export const NOT_FOUND: Answer = { status: 404, type: 'application/json', parts: ['{"error":{}}'], end: 'whole' }
export const EMPTY: Answer = { status: 204, parts: [], end: 'whole' }

/** Writes an answer to a real connection. */
export function write({ status = 200, type, parts, end }: Answer, connection: RawConnection): void {
  const head = `HTTP/1.1 ${status} X\r\n${type === undefined ? '' : `content-type: ${type}\r\n`}`
  if (status === 204) {
    connection.write(`${head}\r\n`)
    return
  }
  connection.write(`${head}transfer-encoding: chunked\r\n\r\n`)
  for (const part of parts) connection.write(`${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`)
  if (end === 'whole') connection.write('0\r\n\r\n')
  else if (end === 'cut') connection.end()
}

/** Makes a `Response` by hand, as mocks do. */
export function make(
  { status = 200, type, parts, end }: Answer,
  signal: AbortSignal | null | undefined,
  onCancel: () => void,
): Response {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  if (status === 204) return new Response(null, { status, headers })
  const rest = [...parts]
  const body = new ReadableStream<Uint8Array>({
    start: (controller) =>
      signal?.addEventListener('abort', () => {
        onCancel()
        controller.error(signal.reason)
      }),
    pull(controller) {
      const part = rest.shift()
      if (part !== undefined) controller.enqueue(new TextEncoder().encode(part))
      else if (end === 'whole') controller.close()
      else if (end === 'cut') {
        const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })
        controller.error(new TypeError('terminated', { cause }))
      } else return new Promise(() => {})
      return undefined
    },
    cancel: onCancel,
  })
  return new Response(body, { status, headers })
}
