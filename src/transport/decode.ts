import type { Transform } from 'node:stream'
import { zlib } from '../core/builtins.ts'
import type { HeaderPairs } from './transport.ts'

/** The receiver of decoded bytes. */
export interface DecodedSink {
  data(chunk: Uint8Array): void
  end(): void
  error(error: Error): void
  /** Whether more encoded bytes are wanted now. */
  want(more: boolean): void
}

export interface BodyDecoder {
  write(chunk: Uint8Array): void
  end(): void
  pause(): void
  resume(): void
  destroy(): void
}

/** More codings on one body are an attack. */
const MAX_CODINGS = 3
/** The low four bits of a zlib header name its method: 8 is deflate, the only one. */
const ZLIB_METHOD = 8

const DECODERS: Readonly<Record<string, (firstByte: number) => Transform>> = {
  gzip: () => zlib().createGunzip(),
  'x-gzip': () => zlib().createGunzip(),
  // The zlib format (RFC 9110 8.4.1.2). Some servers send bare deflate data instead.
  deflate: (firstByte) => ((firstByte & 0x0f) === ZLIB_METHOD ? zlib().createInflate() : zlib().createInflateRaw()),
  br: () => zlib().createBrotliDecompress(),
  zstd: () => zlib().createZstdDecompress(),
}

/** The codings of a body in the order in which they were applied. `undefined` if one is unknown. */
export function codingsOf(headers: HeaderPairs): string[] | undefined {
  const codings = headers
    .filter(([name]) => name === 'content-encoding')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  const known = codings.every((coding) => Object.hasOwn(DECODERS, coding))
  return known && codings.length <= MAX_CODINGS ? codings : undefined
}

/** The response headers without those that only apply to the encoded body. */
export function decodedHeaders(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => name !== 'content-encoding' && name !== 'content-length')
}

/**
 * Decodes a body piece by piece. Back-pressure limits a decompression bomb: at most one step of output is made before
 * the sink has taken the previous one.
 */
export function createDecoder(codings: readonly string[], sink: DecodedSink): BodyDecoder {
  let stages: readonly Transform[] = []
  let paused = false
  let over = false
  const fail = (error: Error): void => {
    if (over) return
    over = true
    sink.error(
      Object.assign(new Error(`content-encoding ${codings.join(', ')}: ${error.message}`), {
        code: 'ERR_RESILIENT_DECODING',
      }),
    )
  }
  const finish = (): void => {
    if (over) return
    over = true
    sink.end()
  }
  const build = (firstByte: number): void => {
    // Only the first byte shows which of the two deflate formats it is.
    const sniffed = codings.length === 1 ? firstByte : ZLIB_METHOD
    stages = codings.toReversed().map((coding) => (DECODERS[coding] as (byte: number) => Transform)(sniffed))
    for (const [index, stage] of stages.entries()) {
      stage.on('error', fail)
      const next = stages[index + 1]
      if (next !== undefined) stage.pipe(next)
    }
    const last = stages.at(-1) as Transform
    last.on('data', (chunk: Uint8Array) => !over && chunk.length > 0 && sink.data(chunk))
    last.on('end', finish)
    if (paused) last.pause()
    stages[0]?.on('drain', () => !over && sink.want(true))
  }
  return {
    write(chunk) {
      if (over || chunk.length === 0) return
      if (stages.length === 0) build(chunk[0] as number)
      if (!stages[0]?.write(chunk)) sink.want(false)
    },
    end() {
      // An empty input is an empty body in every coding, though not every decoder accepts it.
      if (stages.length === 0) finish()
      else stages[0]?.end()
    },
    pause() {
      paused = true
      stages.at(-1)?.pause()
    },
    resume() {
      paused = false
      stages.at(-1)?.resume()
    },
    destroy() {
      over = true
      for (const stage of stages) stage.destroy()
    },
  }
}
