import { describe, expect, it } from 'vitest'
import { isIdempotent, type RequestTraits, responseIdIn, traitsOf } from '../../src/call/request-traits.ts'

function traits(
  body: object,
  { method = 'POST', url = 'https://api.test/v1/responses', contentType = '' } = {},
): RequestTraits {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  const headers = contentType === '' ? [] : ([['content-type', contentType]] as const)
  return traitsOf({ method, url: new URL(url), headers, body: { kind: 'bytes', bytes } })
}

const NOTHING_ASKED = { model: '', effort: '', tier: '', hasToolEffects: false }

const FOREIGN: RequestTraits = {
  latency: { kind: 'passthrough', estimatedInputTokens: 0, effort: 'low', flex: false },
  stateful: false,
  continuation: false,
  commitWithId: false,
  mayBeOver: false,
  asks: NOTHING_ASKED,
  promptCacheKey: undefined,
  continues: undefined,
  stored: true,
}

describe('the requested model and settings', () => {
  it.each<[body: object, asks: Partial<RequestTraits['asks']>]>([
    [{}, { model: '', effort: '', tier: '' }],
    [
      { model: 'gpt-5.2', reasoning: { effort: 'xhigh' }, service_tier: 'priority' },
      { model: 'gpt-5.2', effort: 'xhigh', tier: 'priority' },
    ],
    [
      { model: 5, reasoning: null, service_tier: null },
      { model: '', effort: '', tier: '' },
    ],
    [
      { model: { id: 'm' }, reasoning: 'high', service_tier: ['flex'] },
      { model: '', effort: '', tier: '' },
    ],
    [{ reasoning: { effort: 3 } }, { model: '', effort: '', tier: '' }],
    // What a caller writes there is kept for long, and must not be as long as it likes.
    [{ model: 'm'.repeat(5000) }, { model: 'm'.repeat(100), effort: '', tier: '' }],
  ])('are read from the request: %j', (body, asks) => {
    expect(traits(body).asks).toEqual({ ...NOTHING_ASKED, ...asks })
  })

  it.each([
    [[], false],
    [[{ type: 'function', name: 'look' }, { type: 'web_search' }, { type: 'file_search' }], false],
    [[{ type: 'shell' }], false],
    [[{ type: 'shell', environment: { type: 'local' } }], false],
    [[{ type: 'shell', environment: { type: 'container_auto' } }], true],
    [[{ type: 'mcp', server_label: 'x' }], true],
    [[{ type: 'function', name: 'look' }, { type: 'image_generation' }], true],
    [[{ type: 'code_interpreter', container: { type: 'auto' } }], true],
    [[null, 'mcp', 5], false],
    [{ type: 'mcp' }, false],
  ])('say whether hosted tools act or cost by themselves: %j', (tools, hasToolEffects) => {
    expect(traits({ tools }).asks.hasToolEffects).toBe(hasToolEffects)
  })

  it('say so also of tools inside tools, and of tools that come with the input', () => {
    const within = (depth: number): object =>
      depth === 0 ? { type: 'function' } : { type: 'namespace', tools: [within(depth - 1)] }
    const acts = (depth: number): object => (depth === 0 ? { type: 'mcp' } : { type: 'x', tools: [acts(depth - 1)] })
    const inInput = (...input: unknown[]) => traits({ input }).asks.hasToolEffects
    expect([0, 1, 4].map((depth) => traits({ tools: [acts(depth)] }).asks.hasToolEffects)).toEqual([true, true, true])
    expect(traits({ tools: [within(4)] }).asks.hasToolEffects).toBe(false)
    // Deeper ones are not looked at, and count as tools that act.
    expect(traits({ tools: [within(5)] }).asks.hasToolEffects).toBe(true)
    expect(inInput({ type: 'message' }, { type: 'additional_tools', tools: [{ type: 'mcp' }] }, null)).toBe(true)
    expect(inInput({ type: 'additional_tools', tools: [{ type: 'function' }] })).toBe(false)
    expect(inInput({ type: 'message', tools: [{ type: 'mcp' }] }, null)).toBe(false)
    expect(traits({ input: 'additional_tools' }).asks.hasToolEffects).toBe(false)
    expect(traits({ prompt: { id: 'p' } }).asks.hasToolEffects).toBe(true)
    expect(traits({ prompt: null }).asks.hasToolEffects).toBe(false)
  })

  it('are right after a call that asked for something else, in any one of them', () => {
    const first = { model: 'm', reasoning: { effort: 'low' }, service_tier: 'flex', tools: [{ type: 'mcp' }] }
    for (const other of [{ model: 'n' }, { reasoning: { effort: 'high' } }, { service_tier: 'auto' }, { tools: [] }]) {
      expect(traits(first).asks).toEqual({ model: 'm', effort: 'low', tier: 'flex', hasToolEffects: true })
      const { asks } = traits({ ...first, ...other })
      expect([asks.model, asks.effort, asks.tier, asks.hasToolEffects].join()).toBe(
        {
          model: 'n,low,flex,true',
          reasoning: 'm,high,flex,true',
          service_tier: 'm,low,auto,true',
          tools: 'm,low,flex,false',
        }[Object.keys(other)[0] as string],
      )
      // One object serves all calls that ask for the same.
      expect(traits({ ...first, ...other }).asks).toBe(asks)
    }
  })

  it('are empty for a passthrough call', () => {
    const foreign = { url: 'https://api.test/v1/embeddings' }
    const asks = { model: 'm', service_tier: 'flex', background: true, store: true, conversation: 'c' }
    expect(traits({ ...asks, previous_response_id: 'resp_1' }, foreign)).toEqual(FOREIGN)
    const resumed = { method: 'GET', url: 'https://api.test/v1/responses/resp_1?stream=true' }
    expect(traits(asks, resumed)).toEqual({ ...FOREIGN, latency: { ...FOREIGN.latency, kind: 'stream' } })
  })

  it('are empty for a body that can be read once', () => {
    const open = (): never => {
      throw new Error('opened')
    }
    const body = { kind: 'stream', replayable: false, length: undefined, open } as const
    const found = traitsOf({ method: 'POST', url: new URL('https://api.test/v1/responses'), headers: [], body })
    expect(found).toEqual({ ...FOREIGN, latency: { ...FOREIGN.latency, kind: 'json' } })
  })
})

describe('what a call continues', () => {
  it.each<[body: object, continues: string | undefined]>([
    [{}, undefined],
    [{ previous_response_id: 'resp_1' }, 'resp_1'],
    [{ conversation: 'conv_1' }, 'conv_1'],
    [{ conversation: { id: 'conv_1' } }, 'conv_1'],
    [{ conversation: { id: 5 } }, undefined],
    [{ conversation: {} }, undefined],
    [{ conversation: 5 }, undefined],
    [{ conversation: null, previous_response_id: null }, undefined],
    [{ conversation: 'conv_1', previous_response_id: 'resp_1' }, 'resp_1'],
  ])('of %j is %s', (body, continues) => {
    expect(traits(body).continues).toBe(continues)
  })
})

describe('what a call leaves at the endpoint', () => {
  it('is a stored response unless store is false', () => {
    expect([{}, { store: true }, { store: null }].map((body) => traits(body).stored)).toEqual([true, true, true])
    expect(traits({ store: false }).stored).toBe(false)
  })

  it('may be over only if the events after a known one are asked for', () => {
    const resumed = (query: string) =>
      traits({}, { method: 'GET', url: `https://api.test/v1/responses/resp_1?stream=true${query}` }).mayBeOver
    expect([resumed('&starting_after=5'), resumed('')]).toEqual([true, false])
    expect(traits({ stream: true }).mayBeOver).toBe(false)
    expect(traits({}, { url: 'https://api.test/v1/responses?starting_after=5' }).mayBeOver).toBe(false)
  })

  it.each<[method: string, path: string, isRepeatable: boolean]>([
    ['GET', '/v1/responses/resp_1', true],
    ['DELETE', '/v1/responses/resp_1', true],
    ['QUERY', '/v1/files', true],
    ['PATCH', '/v1/embeddings', false],
    ['POST', '/v1/embeddings', true],
    ['POST', '/v1/embeddings/', true],
    ['POST', '/v1/chat/completions', true],
    ['POST', '/v1/moderations', true],
    ['POST', '/v1/responses/compact', true],
    ['POST', '/v1/responses/input_tokens', true],
    ['POST', '/v1/responses', false],
    ['POST', '/v1/compact', false],
    ['POST', '/v1/files', false],
    ['POST', '/v1/embeddings/jobs', false],
  ])('of %s %s twice is the same as of once: %s', (method, path, isRepeatable) => {
    expect(isIdempotent({ method, url: new URL(path, 'https://api.test') })).toBe(isRepeatable)
  })
})

describe('a stream of another API', () => {
  const passes = (body: object, contentType = '') =>
    traits(body, { url: 'https://api.test/v1/chat/completions', contentType }).latency.passesStream === true

  it('is asked for by stream: true in a JSON body', () => {
    expect(passes({ stream: true })).toBe(true)
    expect([{}, { stream: 'true' }, { stream: false }].map((body) => passes(body))).toEqual([false, false, false])
  })

  it.each([
    ['application/json', true],
    [' APPLICATION/JSON; charset=utf-8', true],
    ['application/x-ndjson', true],
    ['text/plain;charset=UTF-8', true],
    ['application/octet-stream', false],
    ['multipart/form-data; boundary=json', false],
    ['text/html', false],
  ])('is looked for in a body of type %j: %s', (contentType, isRead) => {
    expect(passes({ stream: true }, contentType)).toBe(isRead)
  })

  it('does not apply to a request without a body of bytes, or with another method', () => {
    const url = new URL('https://api.test/v1/chat/completions')
    expect(traitsOf({ method: 'POST', url, headers: [], body: { kind: 'none' } }).latency.passesStream).toBeUndefined()
    expect(traits({ stream: true }, { method: 'PUT', url: url.href }).latency.passesStream).toBeUndefined()
  })
})

describe('the response that an address names', () => {
  it.each<[path: string, id: string | undefined]>([
    ['/v1/responses/resp_1', 'resp_1'],
    ['/v1/responses/resp_1?stream=true', 'resp_1'],
    ['/v1/responses/resp_1//', 'resp_1'],
    ['/v1/responses/resp_1/cancel', 'resp_1'],
    ['/v1/responses/resp_1/input_items/', 'resp_1'],
    ['/v1/responses/resp%2F1/cancel', 'resp/1'],
    // Not UTF-8: as it was written.
    ['/v1/responses/resp%FF', 'resp%FF'],
    ['/v1/responses/resp_1/input_items/item_1/more', undefined],
    ['/v1/responses', undefined],
    ['/v1/responses/', undefined],
    ['/v1/conversations/conv_1', 'conv_1'],
    ['/v1/conversations/conv_1/items/item_1', 'conv_1'],
    // Calls that are about no response.
    ['/v1/responses/compact', undefined],
    ['/v1/responses/input_tokens', undefined],
  ])('%s: %s', (path, id) => {
    expect(responseIdIn(new URL(path, 'https://api.test'))).toBe(id)
  })
})
