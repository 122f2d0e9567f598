import { describe, expect, it } from 'vitest'
import { type RequestTraits, responseIdIn, traitsOf } from '../../src/call/request-traits.ts'

function traits(body: object, { method = 'POST', url = 'https://api.test/v1/responses' } = {}): RequestTraits {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  return traitsOf({ method, url: new URL(url), headers: [], body: { kind: 'bytes', bytes } })
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
    [{ model: 'a b'.repeat(5000) }, { model: `${'a b'.repeat(33)}…`, effort: '', tier: '' }],
    // Nor may it hold a key, or what a terminal would obey.
    [
      { model: 'sk-proj-abcdef123456', reasoning: { effort: 'Bearer abcdef' }, service_tier: '\u001b[2J\u202eflex\n' },
      { model: '[redacted]', effort: 'Bearer [redacted]', tier: '[2J flex' },
    ],
    [{ model: 'openai/gpt-5.2:free@x' }, { model: 'openai/gpt-5.2:free@x', effort: '', tier: '' }],
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
  ])('%s: %s', (path, id) => {
    expect(responseIdIn(new URL(path, 'https://api.test'))).toBe(id)
  })
})
