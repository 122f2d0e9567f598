import { expect, it } from 'vitest'
import type { Attempt } from '../../src/call/attempt.ts'
import type { CallContext } from '../../src/call/call-request.ts'
import { LostConversation, onlyCopyLost, ownerUnknown } from '../../src/call/lost-conversation.ts'
import type { PreviousResponseNotFoundContext } from '../../src/call/not-found.ts'
import { AbortScope } from '../../src/core/abort.ts'
import type { AttemptRecord } from '../../src/errors/errors.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { RequestBody } from '../../src/transport/transport.ts'
import { standIn } from '../support/typed.ts'

const bytesOf = (body: object): Uint8Array => new TextEncoder().encode(JSON.stringify(body))
const ASKED: RequestBody = { kind: 'bytes', bytes: bytesOf({ previous_response_id: 'resp_1', input: 'hi' }) }
const url = new URL('https://api.test/v1/responses?key=hunter2hunter2')
const headers = [['x-own', '1']] as const
const record = (outcome: AttemptRecord['outcome']): AttemptRecord => ({ outcome }) as AttemptRecord

/** What becomes of a lost conversation whose hook answers so; `undefined`: there is no hook. */
function lost(answer?: () => unknown, { continuation = true, body = ASKED } = {}) {
  const told: PreviousResponseNotFoundContext[] = []
  const rebuilt: unknown[] = []
  const logged: unknown[] = []
  const effective = {
    traits: { continuation },
    get isRebuilt() {
      return rebuilt.length > 0
    },
    rebuild: (...given: unknown[]) => rebuilt.push(given),
  }
  const onPreviousResponseNotFound =
    answer &&
    ((context: PreviousResponseNotFoundContext) => {
      told.push(context)
      return answer()
    })
  const context = standIn<CallContext>({ clock: new VirtualClock(), onPreviousResponseNotFound })
  const scope = new AbortScope(undefined)
  const log = { rebuilt: (...given: unknown[]) => logged.push(given) }
  const conversation = new LostConversation({ effective: standIn(effective), context, scope, log })
  const attempt = standIn<Attempt>({ number: 2, request: { url, headers, body } })
  return {
    told,
    rebuilt,
    logged,
    goesOn: (...outcomes: AttemptRecord['outcome'][]) => conversation.goesOn(attempt, outcomes.map(record)),
    resolvesOwner: () => conversation.resolvesOwner({ url, headers, body }),
    goesOnWithoutSocket: (number: number, ...outcomes: AttemptRecord['outcome'][]) =>
      conversation.goesOnWithoutSocket({ url, headers, body }, number, outcomes.map(record)),
  }
}

it('a call without a continuation sends no further request', async () => {
  const l = lost(() => ({}), { continuation: false })
  expect([await l.goesOn('failed', 'answered'), l.told]).toEqual([false, []])
})

it('without a hook the answer is returned, except after a lost attempt', async () => {
  const l = lost()
  expect(await l.goesOn('answered')).toBe(false)
  expect(await l.goesOn('failed', 'answered')).toBe(true)
  expect(await l.goesOn('failed', 'answered', 'answered')).toBe(false)
  expect(await l.resolvesOwner()).toBe(false)
})

it('the hook gets the lost request, and its body is sent instead, once', async () => {
  const l = lost(() => ({ input: 'the history' }))
  expect(await l.goesOn('answered')).toBe(true)
  expect(l.told).toMatchObject([
    {
      previousResponseId: 'resp_1',
      request: { url: expect.not.stringContaining('hunter2'), body: { previous_response_id: 'resp_1', input: 'hi' } },
      attempts: [{ outcome: 'answered' }],
      reason: 'first_answer',
    },
  ])
  const bytes = bytesOf({ input: 'the history' })
  expect(l.rebuilt).toMatchObject([[{ kind: 'bytes' }, { url, headers }, false]])
  expect(l.logged).toEqual([[2, ASKED.kind === 'bytes' ? ASKED.bytes.length : 0, bytes.length]])
  expect([await l.goesOn('answered', 'answered'), l.told.length]).toEqual([false, 1])
})

it.each([
  [0, false],
  [1, true],
])('without its socket a rebuilt request avoids the endpoints of %i attempts: %s', async (attempts, avoids) => {
  const l = lost(() => ({ input: 'the history' }))
  expect(await l.goesOnWithoutSocket(attempts)).toBe(true)
  expect(l.rebuilt).toMatchObject([[{ kind: 'bytes' }, { url, headers }, avoids]])
})

it('after a lost attempt the request is sent again before the hook is called', async () => {
  const l = lost(() => ({}))
  expect([await l.goesOn('failed', 'answered'), l.told.length]).toEqual([true, 0])
  expect(await l.goesOn('failed', 'answered', 'answered')).toBe(true)
  expect(l.told).toMatchObject([{ reason: 'after_transport_failure' }])
})

it('a hook that returns undefined lets the answer be returned', async () => {
  const l = lost(() => undefined)
  expect([await l.goesOn('answered'), l.told.length, l.rebuilt, l.logged]).toEqual([false, 1, [], []])
})

it('for a response with an unknown owner the hook is called before anything is sent', async () => {
  const l = lost(() => ({ input: 'the history' }))
  expect(await l.resolvesOwner()).toBe(true)
  expect(l.told).toMatchObject([{ reason: 'state_not_portable', attempts: [] }])
  expect(l.logged).toMatchObject([[0, expect.any(Number), expect.any(Number)]])
})

it.each<RequestBody>([{ kind: 'none' }, { kind: 'bytes', bytes: new TextEncoder().encode('no JSON') }])(
  'where there is no body to rebuild the hook is not asked: %j',
  async (body) => {
    const l = lost(() => ({}), { body })
    expect([await l.resolvesOwner(), l.told]).toEqual([false, []])
  },
)

it('the hook is asked once, also after the only socket that could carry the request is lost', async () => {
  const without = lost()
  expect(await without.goesOnWithoutSocket(3, 'failed')).toBe(false)
  const l = lost(() => ({ input: 'the history' }))
  expect(await l.goesOnWithoutSocket(3, 'failed')).toBe(true)
  expect(l.told).toMatchObject([{ reason: 'socket_lost', attempts: [{ outcome: 'failed' }] }])
  expect([l.logged.length, (l.logged[0] as unknown[])[0]]).toEqual([1, 3])
  // What the hook has rebuilt needs no socket, so it is not lost with one.
  expect([await l.goesOnWithoutSocket(3, 'failed', 'failed'), l.told.length]).toEqual([false, 1])
})

it('a lost conversation is one, wherever it was kept, and says what to do', () => {
  expect(ownerUnknown().code).toBe('state_not_portable')
  const failed = onlyCopyLost('That WebSocket is closed.')
  expect(failed.code).toBe('previous_response_not_found')
  expect(failed.message).toMatch(
    /store: false.*That WebSocket is closed\. Send the whole input.*onPreviousResponseNotFound\.$/,
  )
})
