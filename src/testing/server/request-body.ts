import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'

type Bounded = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

const DECODERS: Readonly<Record<string, Bounded>> = {
  gzip: promisify(gunzip) as Bounded,
  'x-gzip': promisify(gunzip) as Bounded,
  deflate: promisify(inflate) as Bounded,
  br: promisify(brotliDecompress) as Bounded,
  zstd: promisify(zstdDecompress) as Bounded,
}

/** A bound, because a few kilobytes can be decoded to gigabytes. */
const MAX_DECODED_BYTES = 256 * 1024 * 1024

/** A bound, because deeper nesting would overflow the stack. Real clients stay below it. */
const MAX_DEPTH = 500

export interface ReceivedBody {
  /** Unchanged. */
  readonly bytes: Buffer
  /** Decoded and parsed. `undefined` if it is not JSON. */
  readonly json: unknown
}

/** The whole body of an HTTP request. `undefined` if the client left before its end. */
export async function receiveBody(message: IncomingMessage): Promise<ReceivedBody | undefined> {
  const bytes = await readBody(message)
  if (bytes === undefined) return undefined
  return { bytes, json: await parseBody(bytes, message.headers['content-encoding']) }
}

/** All bytes of a body. `undefined` if the client left before its end. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer)
  } catch {
    return undefined
  }
  return message.complete ? Buffer.concat(chunks) : undefined
}

/** The JSON of a body. `undefined` if it is not JSON, or has more than 500 levels. */
export async function parseBody(bytes: Buffer, contentEncoding: string | undefined): Promise<unknown> {
  try {
    let decoded = bytes
    // Encodings are listed in the order in which they were applied.
    for (const encoding of (contentEncoding ?? '').toLowerCase().split(',').reverse()) {
      const name = encoding.trim()
      if (name === '' || name === 'identity') continue
      const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
      if (decode === undefined) return undefined
      decoded = await decode(decoded, { maxOutputLength: MAX_DECODED_BYTES })
    }
    const text = decoded.toString('utf8')
    return isTooDeep(text) ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function isTooDeep(json: string): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < json.length; index++) {
    const char = json[index]
    if (inString) {
      if (char === '\\') index++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '[' || char === '{') {
      if (++depth > MAX_DEPTH) return true
    } else if (char === ']' || char === '}') depth--
  }
  return false
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
