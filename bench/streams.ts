import { sseFrame } from '../src/testing/index.ts'
import { textFrame } from '../src/testing/server/socket/frames.ts'

/** How the events of a stream are split into HTTP chunks. */
export type Framing = 'event' | 'block' | 'segment'

const BLOCK_BYTES = 16 * 1024
const WRITE_BYTES = 64 * 1024
/** The size of a frame with `data:`, typical for real deltas. */
const EVENT_BYTES = 240

export interface Answer {
  /** The bytes on the wire, including head and framing. Each piece is one write. */
  readonly pieces: readonly Buffer[]
  readonly bodyBytes: number
}

/** The answer to a streaming call as bytes on the wire, including head and framing. */
export function buildAnswer(deltas: number, framing: Framing): Answer {
  const frames = framesOf(deltas)
  const body = Buffer.concat(frames)
  const chunks = framing === 'block' ? blocks(body) : frames
  const pieces = chunks.map(httpChunk)
  pieces.unshift(HEAD)
  pieces.push(Buffer.from('0\r\n\r\n'))
  return { pieces: framing === 'segment' ? pieces : sliced(Buffer.concat(pieces)), bodyBytes: body.length }
}

/**
 * Makes the messages of a response on a WebSocket, as bytes on the wire. Each piece is one write. The id differs from
 * response to response, because a client may take one that comes twice for a late event.
 */
export function buildMessages(deltas: number, framing: Framing): (id: string) => readonly Buffer[] {
  const framed = (events: readonly object[]): Buffer[] => events.map((event) => textFrame(JSON.stringify(event)))
  const between = framed(eventsOf(deltas).slice(BEGINNINGS, -1))
  const middle = framing === 'segment' ? between : sliced(Buffer.concat(between))
  return (id) => {
    const around = eventsOf(0, id)
    const pieces = [...framed(around.slice(0, BEGINNINGS)), ...middle, ...framed(around.slice(-1))]
    const isShort = framing !== 'segment' && middle.length === 1
    return isShort ? [Buffer.concat(pieces)] : pieces
  }
}

/** Messages up to the first delta. */
export function openMessages(id: string): Buffer {
  const events = eventsOf(1, id).slice(0, -1)
  return Buffer.concat(events.map((event) => textFrame(JSON.stringify(event))))
}

/** Events at the beginning that carry the id of the response. */
const BEGINNINGS = 2

/** An answer that stops after its first delta. */
export function openAnswer(): Buffer {
  return Buffer.concat([HEAD, ...framesOf(1).slice(0, -1).map(httpChunk)])
}

const HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n',
)

function httpChunk(chunk: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, CRLF])
}

/** Events beside the deltas: the beginnings of the response, its item and its part, and `completed`. */
export const EVENTS_AROUND = 5

const ITEM_ID = 'msg_0123456789abcdef'
const CRLF = Buffer.from('\r\n')

function framesOf(deltas: number): Buffer[] {
  return eventsOf(deltas).map((event) => Buffer.from(sseFrame(event)))
}

function eventsOf(deltas: number, id = 'resp_bench'): Record<string, unknown>[] {
  const response = { id, object: 'response', created_at: 1_750_000_000, model: 'bench', output: [] }
  const part = { type: 'output_text', text: '', annotations: [] }
  const item = { id: ITEM_ID, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
  const place = { output_index: 0, content_index: 0 }
  const usage = { input_tokens: 10, output_tokens: deltas, total_tokens: 10 + deltas }
  return [
    { type: 'response.created', sequence_number: 0, response: { ...response, status: 'in_progress' } },
    { type: 'response.in_progress', sequence_number: 1, response: { ...response, status: 'in_progress' } },
    { type: 'response.output_item.added', sequence_number: 2, output_index: 0, item },
    { type: 'response.content_part.added', sequence_number: 3, item_id: ITEM_ID, ...place, part },
    ...Array.from({ length: deltas }, (_, index) => delta(index + 4)),
    {
      type: 'response.completed',
      sequence_number: deltas + 4,
      response: { ...response, status: 'completed', usage },
    },
  ]
}

function delta(number: number): Record<string, unknown> {
  const event = {
    type: 'response.output_text.delta',
    sequence_number: number,
    item_id: ITEM_ID,
    output_index: 0,
    content_index: 0,
    delta: ' word',
    logprobs: [],
  }
  const obfuscation = 'x'.repeat(Math.max(0, EVENT_BYTES - sseFrame({ ...event, obfuscation: '' }).length))
  return { ...event, obfuscation }
}

const blocks = (body: Buffer): Buffer[] => slices(body, BLOCK_BYTES)
const sliced = (bytes: Buffer): Buffer[] => slices(bytes, WRITE_BYTES)

function slices(bytes: Buffer, size: number): Buffer[] {
  const list: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.subarray(at, at + size))
  return list
}
