import { expect, it } from 'vitest'
import type { CallRequest } from '../../src/call/call-request.ts'
import { EffectiveRequest } from '../../src/call/effective-request.ts'
import { traitsOf } from '../../src/call/request-traits.ts'
import { failure } from '../../src/errors/failure.ts'
import type { HeaderPairs, RequestBody } from '../../src/transport/transport.ts'

const encode = (body: object): Uint8Array => new TextEncoder().encode(JSON.stringify(body))
const bytes = (body: object): Extract<RequestBody, { kind: 'bytes' }> => ({ kind: 'bytes', bytes: encode(body) })

const HEADERS: HeaderPairs = [
  ['content-type', 'application/json'],
  ['content-encoding', 'gzip'],
  ['x-own', '1'],
]
const ADDRESS = { url: new URL('https://api.test/v1/responses'), headers: HEADERS }

const UNSENT = failure('connect_timeout', undefined, { connecting: true })
const BROKEN = failure('connection_reset')

function ask(body: RequestBody) {
  const traits = traitsOf({ ...ADDRESS, method: 'POST', headers: [], body })
  const request: CallRequest = {
    ...traits,
    url: ADDRESS.url,
    method: 'POST',
    body,
    given: [],
    headers: async () => HEADERS,
    canRefresh: () => false,
    replay: {
      readOnce: body.kind === 'stream' && !body.replayable,
      stateful: traits.stateful,
      passthrough: false,
      idempotencyKey: false,
      idempotent: false,
    },
  }
  return { effective: new EffectiveRequest(request, undefined), request }
}

it('sends the caller’s bytes on every attempt', () => {
  const body = bytes({ model: 'm', previous_response_id: 'resp_1' })
  const { effective, request } = ask(body)
  expect(effective.isRebuilt).toBe(false)
  expect(effective.body).toBe(body)
  expect(effective.traits).toBe(request)
})

it('sends the rebuilt body in plain JSON', () => {
  const { effective } = ask(bytes({ model: 'm', previous_response_id: 'resp_1', stream: true }))
  const rebuilt = bytes({ model: 'n', input: 'the history' })
  effective.rebuild(rebuilt, ADDRESS, false)
  expect(effective.isRebuilt).toBe(true)
  expect(effective.body).toBe(rebuilt)
  // What is told by the headers of the first body, its coding, is not true of the second.
  expect(effective.traits).toMatchObject({
    continuation: false,
    continues: undefined,
    asks: { model: 'n' },
    latency: { kind: 'json', estimatedInputTokens: 3 },
  })
})

it.each([
  [{}, {}, ['safe', 'safe']],
  [{ conversation: 'c' }, { conversation: 'c' }, ['unknown', 'unknown']],
  [{ conversation: 'c' }, {}, ['unknown', 'safe']],
  [{}, { background: true }, ['safe', 'unknown']],
])('may be sent again if its state allows: %j, rebuilt %j', (first, second, expected) => {
  const { effective } = ask(bytes(first))
  const before = effective.replaySafety(BROKEN)
  expect(effective.isRepeatable).toBe(before === 'safe')
  effective.rebuild(bytes(second), ADDRESS, false)
  const behind = effective.replaySafety(BROKEN)
  expect(effective.isRepeatable).toBe(behind === 'safe')
  expect([before, behind]).toEqual(expected)
  expect(effective.replaySafety(UNSENT)).toBe('safe')
})

it('with a body that can be read once may be sent again until that body was opened', async () => {
  let opened = 0
  const open = async function* (): AsyncGenerator<Uint8Array> {
    opened++
    yield encode({})
  }
  const { effective } = ask({ kind: 'stream', replayable: false, length: 2, open })
  expect(effective.isRepeatable).toBe(false)
  const { body } = effective
  expect(body).toMatchObject({ kind: 'stream', replayable: false, length: 2 })
  expect(effective.replaySafety(BROKEN)).toBe('safe')
  expect(opened).toBe(0)

  if (body.kind !== 'stream') return
  const read: Uint8Array[] = []
  for await (const piece of body.open()) read.push(piece)
  expect([read, opened]).toEqual([[encode({})], 1])
  expect(effective.replaySafety(BROKEN)).toBe('unsafe')
  expect(effective.replaySafety(UNSENT)).toBe('unsafe')
})

it('has an owner only if there are several endpoints', () => {
  const { effective } = ask(bytes({ previous_response_id: 'resp_1' }))
  expect(effective.isOwnerUnknown).toBe(false)
  expect(effective.pickTarget()).toBeUndefined()
})

it('may be sent again after a refusal, unless its body can be read once', () => {
  const open = async function* () {}
  const stream = (replayable: boolean): RequestBody => ({ kind: 'stream', replayable, length: undefined, open })
  expect(ask(bytes({})).effective.isRepeatableWhenRefused).toBe(true)
  const stateful = ask(bytes({ conversation: 'c' })).effective
  expect([stateful.isRepeatable, stateful.isRepeatableWhenRefused]).toEqual([false, true])
  expect(ask(stream(true)).effective.isRepeatableWhenRefused).toBe(true)
  expect(ask(stream(false)).effective.isRepeatableWhenRefused).toBe(false)
})
