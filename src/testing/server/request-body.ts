import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Promise<Buffer>>> = {
  gzip: promisify<Buffer, Buffer>(gunzip),
  'x-gzip': promisify<Buffer, Buffer>(gunzip),
  deflate: promisify<Buffer, Buffer>(inflate),
  br: promisify<Buffer, Buffer>(brotliDecompress),
  zstd: promisify<Buffer, Buffer>(zstdDecompress),
}

/** All bytes of a body, or `undefined` if the client went away in the middle of it. */
export async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer)
  } catch {
    return undefined
  }
  return message.complete ? Buffer.concat(chunks) : undefined
}

/** The JSON of a body, or `undefined` if it is none. */
export async function parseBody(bytes: Buffer, contentEncoding: string | undefined): Promise<unknown> {
  try {
    let decoded = bytes
    // Encodings are listed in the order in which they were applied.
    for (const encoding of (contentEncoding ?? '').toLowerCase().split(',').reverse()) {
      const name = encoding.trim()
      if (name === '' || name === 'identity') continue
      const decode = DECODERS[name]
      if (decode === undefined) return undefined
      decoded = await decode(decoded)
    }
    return JSON.parse(decoded.toString('utf8'))
  } catch {
    return undefined
  }
}

/** UTF-8 bytes of `input`, `instructions` and `tools`, divided by 4 and rounded up. */
export function countInputTokens(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 0
  const { input, instructions, tools } = json as Record<string, unknown>
  const bytes = [input, instructions, tools]
    .filter((part) => part !== undefined && part !== null)
    .reduce<number>((sum, part) => sum + Buffer.byteLength(typeof part === 'string' ? part : JSON.stringify(part)), 0)
  return Math.ceil(bytes / 4)
}
