import type { Readable } from 'node:stream'
import { createParser } from 'eventsource-parser'

export const REQUEST = {
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: 'Bearer sk-bench' },
  body: JSON.stringify({ model: 'bench', input: 'hi', stream: true }),
} as const

export async function countBytes(response: Response): Promise<number> {
  let bytes = 0
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return bytes
    bytes += value.length
  }
}

/** Counts the bytes of a Node stream, read in the cheapest way. */
export function streamedBytes(stream: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    stream.on('end', () => resolve(bytes))
    stream.on('error', reject)
  })
}

export async function countEvents(response: Response): Promise<number> {
  let events = 0
  const decoder = new TextDecoder()
  const parser = createParser({
    onEvent({ data }) {
      if (JSON.parse(data).type !== undefined) events++
    },
  })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return events
    parser.feed(decoder.decode(value, { stream: true }))
  }
}
