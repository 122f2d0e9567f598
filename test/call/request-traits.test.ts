import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateTokens, type RequestTraits, traitsOf } from '../../src/call/request-traits.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Given {
  readonly method?: string
  readonly url?: string
  readonly headers?: ReadonlyArray<readonly [string, string]>
  readonly body?: Parameters<typeof traitsOf>[0]['body']
}
function traits({
  method = 'POST',
  url = 'https://api.test/v1/responses',
  headers = [],
  body = { kind: 'none' },
}: Given): RequestTraits {
  return traitsOf({ method, url: new URL(url), headers, body })
}
const json = (value: unknown, given: Given = {}): RequestTraits =>
  traits({ ...given, body: { kind: 'bytes', bytes: encode(JSON.stringify(value)) } })

describe('a Responses call', () => {
  it.each([
    'https://api.openai.com/v1/responses',
    'https://api.test/responses',
    'https://api.test/v1/responses/',
    'https://api.test/v1/responses//',
    'https://api.test/openai/responses?api-version=2026-01-01',
    'https://chatgpt.com/backend-api/codex/responses',
  ])('is a POST with a JSON body to %s', (url) => {
    expect(json({ stream: true }, { url }).latency.kind).toBe('stream')
    expect(json({ stream: false }, { url }).latency.kind).toBe('json')
    expect(json({}, { url }).latency.kind).toBe('json')
    expect(json({ stream: 'true' }, { url }).latency.kind).toBe('json')
  })

  it('is a GET of a response as a stream', () => {
    for (const [url, kind] of [
      ['https://api.test/v1/responses/resp_1?stream=true', 'stream'],
      ['https://api.test/v1/responses/resp_1?starting_after=5&stream=true', 'stream'],
      ['https://api.test/v1/responses/resp_1/?stream=true', 'stream'],
      ['https://api.test/v1/responses/resp_1', 'passthrough'],
      ['https://api.test/v1/responses/resp_1?stream=false', 'passthrough'],
      ['https://api.test/v1/responses?stream=true', 'passthrough'],
      ['https://api.test/v1/responses/resp_1/input_items?stream=true', 'passthrough'],
    ] as const) {
      expect([url, traits({ method: 'GET', url }).latency.kind]).toEqual([url, kind])
      expect(traits({ method: 'DELETE', url }).latency.kind).toBe('passthrough')
    }
  })

  it.each([
    'https://api.test/v1/chat/completions',
    'https://api.test/v1/responses/resp_1/cancel',
    'https://api.test/v1/responses/compact',
    'https://api.test/v1/myresponses',
    'https://api.test/v1/embeddings',
    'https://api.test/',
  ])('is not a POST to %s', (url) => {
    expect(json({ stream: true }, { url })).toMatchObject({
      latency: { kind: 'passthrough' },
      stateful: false,
      continuation: false,
    })
  })

  it('needs a JSON object as its body', () => {
    for (const text of ['', '{', '[]', '"x"', 'null', '5', 'input=x', '\u0000']) {
      expect(traits({ body: { kind: 'bytes', bytes: encode(text) } }).latency.kind).toBe('passthrough')
    }
    expect(traits({}).latency.kind).toBe('passthrough')
    expect(json({ stream: true }, { method: 'PUT' }).latency.kind).toBe('passthrough')
  })

  it('is assumed for a body that can be read once, without reading it', () => {
    const open = (): never => {
      throw new Error('opened')
    }
    const once = { kind: 'stream', replayable: false, length: undefined, open } as const
    expect(traits({ body: once }).latency.kind).toBe('json')
    expect(traits({ body: { ...once, replayable: true } }).latency.kind).toBe('passthrough')
  })
})

describe('an encoded body', () => {
  const plain = encode(JSON.stringify({ stream: true, previous_response_id: 'resp_0', input: 'é'.repeat(4000) }))
  it.each([
    ['identity', plain],
    ['gzip', zlib.gzipSync(plain)],
    ['br', zlib.brotliCompressSync(plain)],
    ['zstd', zlib.zstdCompressSync(plain)],
    ['deflate', zlib.deflateSync(plain)],
    [' GZIP ', zlib.gzipSync(plain)],
  ])('is understood, and left as it is: %s', (coding, bytes) => {
    const copy = Uint8Array.from(bytes)
    const headers = [
      ['content-type', 'application/json'],
      ['content-encoding', coding],
    ] as const
    const found = traits({ headers, body: { kind: 'bytes', bytes } })
    expect(found).toMatchObject({ latency: { kind: 'stream', estimatedInputTokens: 2000 }, continuation: true })
    expect(Uint8Array.from(bytes)).toEqual(copy)
  })

  it('makes a passthrough call if it is broken, has an unknown coding, or is a bomb', () => {
    // 300 MiB of JSON, as 300 members of one MiB of blanks within an object.
    const [start, blanks, rest] = ['{', Buffer.alloc(1024 * 1024, ' '), '"stream":true}'].map((part) =>
      zlib.gzipSync(part),
    )
    const bomb = Buffer.concat([start, ...Array(300).fill(blanks), rest] as Buffer[])
    for (const [coding, bytes] of [
      ['gzip', plain],
      ['br', zlib.gzipSync(plain)],
      ['zstd', zlib.zstdCompressSync(plain).subarray(0, 20)],
      ['compress', plain],
      ['constructor', plain],
      ['gzip, br', zlib.gzipSync(plain)],
      ['gzip', bomb],
    ] as const) {
      const found = traits({ headers: [['content-encoding', coding]], body: { kind: 'bytes', bytes } })
      expect([coding, found.latency.kind]).toEqual([coding, 'passthrough'])
    }
  })
})

describe('what of a request decides', () => {
  it.each<[field: object, expected: Partial<RequestTraits>]>([
    [{}, { stateful: false, continuation: false, commitWithId: false }],
    [{ previous_response_id: 'resp_1' }, { stateful: false, continuation: true, commitWithId: false }],
    [{ previous_response_id: null }, { continuation: false }],
    [{ conversation: 'conv_1' }, { stateful: true }],
    [{ conversation: { id: 'conv_1' } }, { stateful: true }],
    [{ conversation: null }, { stateful: false }],
    [{ background: true }, { stateful: true, commitWithId: true }],
    [
      { background: true, store: true },
      { stateful: true, commitWithId: true },
    ],
    [
      { background: true, store: false },
      { stateful: true, commitWithId: false },
    ],
    [
      { background: false, store: true },
      { stateful: false, commitWithId: false },
    ],
    [{ background: 'true' }, { stateful: false }],
  ])('about replay and commit: %j', (field, expected) => {
    expect(json({ stream: true, ...field })).toMatchObject(expected)
  })

  it.each([
    [undefined, 'low'],
    [null, 'low'],
    [{}, 'low'],
    [{ effort: null }, 'low'],
    [{ effort: 'none' }, 'low'],
    [{ effort: 'minimal' }, 'low'],
    [{ effort: 'low' }, 'low'],
    [{ effort: 'medium' }, 'medium'],
    [{ effort: 'high' }, 'high'],
    [{ effort: 'xhigh' }, 'high'],
    [{ effort: 'of_tomorrow' }, 'high'],
    ['high', 'low'],
  ])('about time: reasoning %j is %s effort', (reasoning, effort) => {
    expect(json({ reasoning }).latency.effort).toBe(effort)
  })

  it('about time: the flex tier, and no other', () => {
    expect(json({ service_tier: 'flex' }).latency.flex).toBe(true)
    for (const tier of ['auto', 'default', 'priority', null])
      expect(json({ service_tier: tier }).latency.flex).toBe(false)
  })
})

describe('the estimate of input tokens', () => {
  it.each<[what: string, body: Record<string, unknown>, expected: number]>([
    ['nothing', {}, 0],
    ['null', { input: null, tools: null }, 0],
    ['a text', { input: 'x'.repeat(400) }, 100],
    ['a text, rounded up', { input: 'x'.repeat(401) }, 101],
    ['UTF-8 bytes', { input: 'é'.repeat(200) }, 100],
    ['instructions', { instructions: 'x'.repeat(40) }, 10],
    ['all three', { input: 'x'.repeat(40), instructions: 'x'.repeat(40), tools: ['x'.repeat(36)] }, 30],
    ['nothing else', { metadata: { a: 'x'.repeat(4000) }, model: 'm' }, 0],
    ['JSON as it is sent', { input: [{ role: 'user', content: 'x'.repeat(10) }] }, 10],
  ])('counts %s', (_, body, expected) => {
    expect(estimateTokens(body)).toBe(expected)
  })

  it('leaves base64 out, as data URL or bare, and nothing that only resembles it', () => {
    const data = Buffer.alloc(400_000, 'base64?').toString('base64')
    const urlSafe = data.replaceAll('+', '-').replaceAll('/', '_')
    for (const value of [
      `data:image/png;base64,${data}`,
      `data:application/pdf;name=x;base64,${data}`,
      data,
      urlSafe,
    ]) {
      expect(estimateTokens({ input: [{ type: 'input_image', image_url: value }] })).toBeLessThan(20)
    }
    for (const value of [
      'word '.repeat(1000),
      `${'x'.repeat(2500)} ${'y'.repeat(2499)}`,
      `data:text/plain,${'x'.repeat(5000)}`,
    ]) {
      expect(estimateTokens({ input: [value] })).toBeGreaterThan(1200)
    }
    // Within a text it is text.
    expect(estimateTokens({ input: `see ${data}` })).toBeGreaterThan(100_000)
  })

  it('counts every byte around the base64 that it leaves out, and base64 that is too short', () => {
    const tokens = (value: unknown): number => estimateTokens({ input: value })
    const bytes = (value: unknown): number => Math.ceil(JSON.stringify(value).length / 4)
    const [short, long] = [63, 64].map((length) => 'data:image/png;base64,'.padEnd(length, 'A'))
    expect(tokens([short])).toBe(bytes([short]))
    expect(tokens([long])).toBe(bytes(['']))
    expect(tokens([{ image_url: long, detail: null, of: [1, true] }])).toBe(
      bytes([{ image_url: '', detail: null, of: [1, true] }]),
    )
    // An array is none of its only string.
    const longest = 'A'.repeat(400)
    expect(tokens([[longest], [longest]])).toBe(bytes([[''], ['']]))
    expect(tokens(Array(64).fill(7))).toBe(bytes(Array(64).fill(7)))
  })

  it('is a whole number from 0 for any JSON, and never an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (input, instructions, tools) => {
        const found = estimateTokens({ input, instructions, tools })
        expect(Number.isInteger(found) && found >= 0).toBe(true)
        expect(() => json({ input, stream: true, reasoning: instructions, conversation: tools })).not.toThrow()
      }),
    )
    const deep = `{"stream":true,"input":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const found = traits({ body: { kind: 'bytes', bytes: encode(deep) } }).latency
    expect(found).toMatchObject({ kind: 'stream', estimatedInputTokens: 0 })
  })
})
