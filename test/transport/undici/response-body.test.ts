import { randomBytes } from 'node:crypto'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ResponseBody } from '../../../src/transport/undici/response-body.ts'
import { turns, until } from '../../support/until.ts'

/** A body and what its observer and its exchange were told, in order. */
function body(...codings: string[]) {
  const told: unknown[] = []
  const received: Uint8Array[] = []
  const observer = {
    data: (chunk: Uint8Array) => {
      received.push(chunk)
      told.push(Buffer.from(chunk).toString())
    },
  }
  const response = new ResponseBody(codings, observer, {
    onBodyEnd: () => told.push('END'),
    onBodyError: (error) => told.push(error),
    onBodyFlow: (on) => told.push(on),
  })
  return { response, told, received }
}
const tick = (): Promise<void> => Promise.resolve()

describe('the body of a response', () => {
  it('is handed over once for each read, in one piece', async () => {
    const { response, told, received } = body()
    const read = Buffer.from('abc')
    response.write(read.subarray(0, 1), false)
    response.write(read.subarray(1), false)
    expect(told).toEqual([])
    await tick()
    expect(told).toEqual(['abc'])
    expect(received.map(String)).toEqual([String([...Buffer.from('abc')])])
    response.write(Buffer.from('d'), false)
    await tick()
    expect(told).toEqual(['abc', 'd'])
    response.end()
    expect(told).toEqual(['abc', 'd', 'END'])
  })

  it('is handed over when a read is parsed', async () => {
    const { response, told } = body()
    response.write(Buffer.from('ab'), true)
    response.write(Buffer.from('c'), true)
    await tick()
    expect(told).toEqual([])
    response.flush()
    expect(told).toEqual(['abc'])
    response.flush()
    await tick()
    expect(told).toEqual(['abc'])
  })

  it('is not copied if a read has one piece', async () => {
    const { response, received } = body()
    const piece = Buffer.from('abc')
    response.write(piece, true)
    response.flush()
    expect(received[0]).toBe(piece)
  })

  it('that ends in the same read is handed over before its end, and once', async () => {
    const { response, told } = body()
    response.write(Buffer.from('abc'), false)
    response.end()
    expect(told).toEqual(['abc', 'END'])
    await tick()
    expect(told).toEqual(['abc', 'END'])
  })

  it('that is lost is handed over before its failure', () => {
    const { response, told } = body()
    const error = new Error('lost')
    response.write(Buffer.from('abc'), false)
    response.fail(error)
    expect(told).toEqual(['abc', error])
  })

  it('that is discarded reports nothing more', async () => {
    const { response, told } = body()
    response.write(Buffer.from('abc'), false)
    response.discard()
    await tick()
    response.write(Buffer.from('def'), false)
    await tick()
    response.end()
    response.pause()
    response.resume()
    response.fail(new Error('lost'))
    expect(told).toEqual([])
  })

  it('is paused and resumed by its consumer', () => {
    const { response, told } = body()
    response.pause()
    response.resume()
    expect(told).toEqual([false, true])
  })
})

describe('an encoded body', () => {
  const texts = (told: readonly unknown[]): string => told.filter((one) => typeof one === 'string').join('')

  it('is decoded, and ends after its last bytes', async () => {
    const { response, told } = body('gzip', 'br')
    const bytes = zlib.brotliCompressSync(zlib.gzipSync('hello'))
    response.write(bytes.subarray(0, 5), false)
    await tick()
    response.write(bytes.subarray(5), false)
    response.end()
    await until(() => told.includes('END'), 'the body has ended')
    expect(texts(told)).toBe('helloEND')
  })

  it('that is lost is decoded as far as it arrived, and fails with the loss', async () => {
    const { response, told } = body('gzip')
    const error = new Error('lost')
    const bytes = zlib.gzipSync('hello'.repeat(1000))
    response.write(bytes.subarray(0, -4), false)
    response.fail(error)
    await until(() => told.includes(error), 'the body has failed')
    expect(texts(told)).toBe('hello'.repeat(1000))
    expect(told.at(-1)).toBe(error)
  })

  it('that was whole when it was lost fails with the loss, too', async () => {
    const { response, told } = body('gzip')
    const error = new Error('lost')
    response.write(zlib.gzipSync('hello'), false)
    response.fail(error)
    await until(() => told.includes(error), 'the body has failed')
    expect(told).not.toContain('END')
  })

  it('that is broken fails with the error', async () => {
    const { response, told } = body('gzip')
    response.write(Buffer.from('no gzip at all'), false)
    await until(() => told.some((one) => one instanceof Error), 'the body has failed')
    expect(told.at(-1)).toMatchObject({ code: 'ERR_RESILIENT_DECODING' })
  })

  it('stops the connection while its decoder is full or its consumer does not read', async () => {
    const { response, told, received } = body('gzip')
    const flow = (): unknown => told.findLast((one) => typeof one === 'boolean')
    const bytes = randomBytes(1024 * 1024)
    response.pause()
    expect(flow()).toBe(false)
    // Far more than a decoder holds.
    response.write(zlib.gzipSync(bytes), false)
    await tick()
    response.resume()
    // The consumer reads on, and the decoder is still full.
    expect(flow()).toBe(false)
    await until(() => flow() === true, 'the connection is read on')
    response.end()
    await until(() => told.includes('END'), 'the body has ended')
    expect(Buffer.concat(received).equals(bytes)).toBe(true)
  })

  it('resumes the connection as soon as its decoder has room, unless its consumer has paused', async () => {
    const { response, told } = body('gzip')
    response.write(zlib.gzipSync(randomBytes(1024 * 1024)), false)
    await until(() => told.includes(true), 'the connection is read on')
    expect(told.find((one) => typeof one === 'boolean')).toBe(false)
    response.discard()
  })

  it('that is discarded is decoded no further', async () => {
    const { response, told } = body('gzip')
    response.write(zlib.gzipSync('hello'), false)
    await tick()
    response.discard()
    await turns(5)
    expect(told).toEqual([])
  })
})
