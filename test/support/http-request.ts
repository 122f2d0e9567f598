/** An HTTP/1.1 request as a raw server received it. */
export interface RawRequest {
  readonly method: string
  readonly path: string
  /** In the order of the wire, names in lower case. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Buffer
  header(name: string): string | undefined
}

/** Takes one whole request off the front of `bytes`: the request and what is left, or `undefined` while it is incomplete. */
export function takeRequest(bytes: Buffer): { request: RawRequest; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [start = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [method = '', path = ''] = start.split(' ')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const header = (name: string): string | undefined => headers.find(([known]) => known === name)?.[1]
  const after = bytes.subarray(end + 4)
  const taken =
    header('transfer-encoding') === 'chunked'
      ? takeChunked(after)
      : takeLength(after, Number(header('content-length') ?? 0))
  if (taken === undefined) return undefined
  return { request: { method, path, headers, header, body: taken.body }, rest: taken.rest }
}

interface Taken {
  readonly body: Buffer
  readonly rest: Buffer
}

function takeLength(bytes: Buffer, length: number): Taken | undefined {
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), rest: bytes.subarray(length) }
}

function takeChunked(bytes: Buffer): Taken | undefined {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + 2
    if (bytes.length < start + size + 2) return undefined
    parts.push(bytes.subarray(start, start + size))
    at = start + size + 2
    if (size === 0) return { body: Buffer.concat(parts), rest: bytes.subarray(at) }
  }
}
