import { expect, it } from 'vitest'
import type { CallRequest } from '../../src/call/call-request.ts'
import { Question } from '../../src/call/question.ts'
import { traitsOf } from '../../src/call/request-traits.ts'
import { AbortScope } from '../../src/core/abort.ts'
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
const SCOPE = new AbortScope(undefined)

const UNSENT = failure('connect_timeout', undefined, { connecting: true })
const BROKEN = failure('connection_reset')

function ask(body: RequestBody) {
  const traits = traitsOf({ ...ADDRESS, method: 'POST', headers: [], body })
  const asked: boolean[] = []
  const request: CallRequest = {
    ...traits,
    url: ADDRESS.url,
    method: 'POST',
    body,
    given: [],
    headers: async ({ refresh }) => {
      asked.push(refresh)
      return HEADERS
    },
    canRefresh: () => false,
    replay: {
      readOnce: body.kind === 'stream' && !body.replayable,
      stateful: traits.stateful,
      passthrough: false,
      idempotencyKey: false,
      idempotent: false,
    },
  }
  return { question: new Question(request, undefined), asked, request }
}

const ASK = { ...ADDRESS, body: { kind: 'none' }, callId: 1, attempt: 1, scope: SCOPE } as const

it('asks what the caller asks, in the same words every time', async () => {
  const body = bytes({ model: 'm', previous_response_id: 'resp_1' })
  const { question, asked, request } = ask(body)
  expect(question.isRebuilt).toBe(false)
  expect(question.body).toBe(body)
  expect(question.traits).toBe(request)
  expect(await question.headers({ ...ASK, refresh: false })).toEqual(HEADERS)
  expect(await question.headers({ ...ASK, refresh: true })).toEqual(HEADERS)
  expect(asked).toEqual([false, true])
})

it('asks what was put in its place, in plain JSON and with the same headers', async () => {
  const { question, asked } = ask(bytes({ model: 'm', previous_response_id: 'resp_1', stream: true }))
  const rebuilt = bytes({ model: 'n', input: 'the history' })
  question.rebuild(rebuilt, ADDRESS)
  expect(question.isRebuilt).toBe(true)
  expect(question.body).toBe(rebuilt)
  // What is told by the headers of the first body, its coding, is not true of the second.
  expect(question.traits).toMatchObject({
    continuation: false,
    continues: undefined,
    asks: { model: 'n' },
    latency: { kind: 'json', estimatedInputTokens: 3 },
  })
  expect(await question.headers({ ...ASK, refresh: true })).toEqual([
    ['content-type', 'application/json'],
    ['x-own', '1'],
  ])
  expect(asked).toEqual([true])
})

it.each([
  [{}, {}, ['safe', 'safe']],
  [{ conversation: 'c' }, { conversation: 'c' }, ['unknown', 'unknown']],
  [{ conversation: 'c' }, {}, ['unknown', 'safe']],
  [{}, { background: true }, ['safe', 'unknown']],
])('may be asked again as its state allows: %j, rebuilt %j', (first, second, expected) => {
  const { question } = ask(bytes(first))
  const before = question.replaySafety(BROKEN)
  expect(question.isRepeatable).toBe(before === 'safe')
  question.rebuild(bytes(second), ADDRESS)
  const behind = question.replaySafety(BROKEN)
  expect(question.isRepeatable).toBe(behind === 'safe')
  expect([before, behind]).toEqual(expected)
  expect(question.replaySafety(UNSENT)).toBe('safe')
})

it('whose body can be read once may be asked again until that body was opened', async () => {
  let opened = 0
  const open = async function* (): AsyncGenerator<Uint8Array> {
    opened++
    yield encode({})
  }
  const { question } = ask({ kind: 'stream', replayable: false, length: 2, open })
  expect(question.isRepeatable).toBe(false)
  const { body } = question
  expect(body).toMatchObject({ kind: 'stream', replayable: false, length: 2 })
  expect(question.replaySafety(BROKEN)).toBe('safe')
  expect(opened).toBe(0)

  if (body.kind !== 'stream') return
  const read: Uint8Array[] = []
  for await (const piece of body.open()) read.push(piece)
  expect([read, opened]).toEqual([[encode({})], 1])
  expect(question.replaySafety(BROKEN)).toBe('unsafe')
  expect(question.replaySafety(UNSENT)).toBe('unsafe')
})

it('is nowhere at home but where there are endpoints', () => {
  const { question } = ask(bytes({ previous_response_id: 'resp_1' }))
  expect(question.isHomeless).toBe(false)
  expect(question.pickTarget()).toBeUndefined()
})
