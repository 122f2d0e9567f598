import { describe, expect, it } from 'vitest'
import { BodySource } from '../../../src/transport/body-source.ts'
import type { RequestBody, TransportRequest } from '../../../src/transport/transport.ts'
import { toDispatch } from '../../../src/transport/undici/request.ts'

function dispatched(body: RequestBody, headers: TransportRequest['headers'] = []) {
  const url = new URL('https://user@api.test:8443/v1/responses?a=1&b=%20#part')
  return toDispatch({ url, method: 'PATCH', headers, body, connection: 'any', attempt: 1 })
}

async function textOf(source: BodySource | undefined): Promise<string> {
  let text = ''
  for await (const piece of source ?? []) text += Buffer.from(piece).toString()
  return text
}

describe('a request as undici takes it', () => {
  it('has the address in two parts, and no deadlines of undici', () => {
    const { options, source } = dispatched({ kind: 'none' })
    expect(options).toEqual({
      origin: 'https://api.test:8443',
      path: '/v1/responses?a=1&b=%20',
      method: 'PATCH',
      headers: [],
      body: null,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    expect(source).toBeUndefined()
  })

  it('has every header except those of the framing', () => {
    const owned = ['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect']
    const given = [...owned, 'x-own', 'x-own', 'hosts'].map((name) => [name, '1'] as const)
    expect(dispatched({ kind: 'none' }, given).options.headers).toEqual(['x-own', '1', 'x-own', '1', 'hosts', '1'])
  })

  it('has a short body at once, as the given bytes', () => {
    const whole = new Uint8Array(100_000).fill(120)
    const bytes = whole.subarray(10, 10 + 64 * 1024)
    const { options, source } = dispatched({ kind: 'bytes', bytes })
    expect(options.headers).toEqual(['content-length', '65536'])
    expect(Buffer.isBuffer(options.body)).toBe(true)
    const sent = options.body as Buffer
    expect([sent.buffer, sent.byteOffset, sent.length]).toEqual([whole.buffer, 10, 65536])
    expect(source).toBeUndefined()
  })

  it('has a longer one in pieces', async () => {
    const bytes = new Uint8Array(64 * 1024 + 1).fill(120)
    const { options, source } = dispatched({ kind: 'bytes', bytes })
    expect(options.headers).toEqual(['content-length', '65537'])
    expect(source).toBeInstanceOf(BodySource)
    expect(options.body).toBe(source)
    expect(await textOf(source)).toBe('x'.repeat(65537))
  })

  it.each([
    [3, ['content-length', '3']],
    [undefined, []],
  ])('has a stream in pieces, of length %s', async (length, headers) => {
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('abc')
    }
    const { options, source } = dispatched({ kind: 'stream', replayable: true, length, open })
    expect(options.headers).toEqual(headers)
    expect(options.body).toBe(source)
    expect(await textOf(source)).toBe('abc')
  })

  it('whose stream is not as long as announced fails', async () => {
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('abc')
    }
    const { source } = dispatched({ kind: 'stream', replayable: true, length: 4, open })
    await expect(textOf(source)).rejects.toThrow('fewer')
  })
})

describe('the path of a request', () => {
  it.each([
    ['/v1/echo', '/v1/echo'],
    ['/v1/echo?', '/v1/echo?'],
    ['/v1/echo?#part', '/v1/echo?'],
    ['/v1/echo?a=1?', '/v1/echo?a=1?'],
    // This question mark belongs to the fragment.
    ['/v1/echo#a?b', '/v1/echo'],
  ])('of %s is %s', (address, path) => {
    const url = new URL(address, 'https://api.test')
    const request = { url, method: 'GET', headers: [], body: { kind: 'none' }, connection: 'any', attempt: 1 } as const
    expect(toDispatch(request).options.path).toBe(path)
  })
})

describe('the body for a mock of undici', () => {
  const bodyFor = (body: RequestBody, isMockActive: boolean) => {
    const url = new URL('https://api.test/v1/echo')
    const request = { url, method: 'POST', headers: [], body, connection: 'any', attempt: 1 } as const
    return toDispatch({ ...request, dispatcher: { isMockActive } }).options.body
  }
  const bytes = Buffer.from('words')
  const given = new URLSearchParams({ a: '1' })

  it('is what the caller gave: a text as a text, a form as a form', () => {
    expect(bodyFor({ kind: 'bytes', bytes, isText: true }, true)).toBe('words')
    expect(bodyFor({ kind: 'bytes', bytes, given }, true)).toBe(given)
  })

  it('is bytes if the caller gave bytes, and null without a body', () => {
    expect(bodyFor({ kind: 'bytes', bytes }, true)).toBe(bytes)
    expect(bodyFor({ kind: 'none' }, true)).toBeNull()
  })

  it('is bytes for every other dispatcher', () => {
    expect(bodyFor({ kind: 'bytes', bytes, isText: true }, false)).toBe(bytes)
  })
})
