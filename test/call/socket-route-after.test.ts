import { afterEach, describe, expect, it } from 'vitest'
import { LOST, NOT_ON_SOCKET } from '../../src/call/socket-loss.ts'
import { failure } from '../../src/errors/failure.ts'
import type { HeaderPairs } from '../../src/transport/transport.ts'
import { ask, assistant, HEADERS, RESPONSES, type RoutedScene, SocketsScene, sentOn, user } from './socket-route-rig.ts'

let at: SocketsScene
const scene = (...given: ConstructorParameters<typeof SocketsScene>) => (at = new SocketsScene(...given))
afterEach(() => at.end())

const SECOND = [user('Hello'), assistant('Hi'), user('And?')]
const AT_ONCE = { kind: 'again', isUnprocessed: true }
const IF_SAFE = { kind: 'again', isUnprocessed: false }

/** An attempt of a call, whose socket is given back at once: the test says how the attempt ended. */
function attempted(call: RoutedScene, attempt: Parameters<RoutedScene['plan']>[0] = {}) {
  const plan = call.onSocket(attempt)
  plan.connection.socket.release()
  return plan
}

describe('after a failure on an open socket', () => {
  it('of an increment that its server does not know, the whole goes out at once', async () => {
    scene()
    await at.call().turn('resp_1')
    const call = at.call(ask(SECOND))
    const plan = attempted(call)
    expect(plan.facts.sent).toBe('incremental')
    expect(call.after(plan, failure('previous_response_not_found'))).toEqual(AT_ONCE)
    expect(call.because()).toBe('socket not_found')
  })

  it('of a whole request, previous_response_not_found is an answer like any other', async () => {
    scene()
    const call = at.call()
    expect(call.after(attempted(call), failure('previous_response_not_found'))).toBeUndefined()
    await at.call().turn('resp_1')
    const increment = at.call(ask(SECOND))
    expect(increment.after(attempted(increment), failure('http_status', undefined, { status: 400 }))).toBeUndefined()
  })

  it('that is about the socket alone, the whole goes out at once on a new one, then over HTTP', () => {
    scene()
    const call = at.call()
    const aged = failure('http_status', undefined, { status: 400, upstreamCode: 'websocket_connection_limit_reached' })
    expect(call.after(attempted(call), aged)).toEqual(AT_ONCE)
    const again = attempted(call)
    expect(again.facts.wholeBecause).toBe('aged')
    expect(call.after(again, aged)).toEqual(AT_ONCE)
    expect(call.because()).toBe('http aged')
  })

  it.each([
    ['before the first event, nothing was done', undefined, AT_ONCE],
    ['after the first event, it may have been', 5, IF_SAFE],
  ])('that says that the message is too large, HTTP follows: %s', (_what, firstEventAtMs, verdict) => {
    scene()
    const call = at.call()
    const failed = failure('socket_closed', undefined, { closeCode: 1009 })
    expect(call.after(attempted(call), failed, { firstEventAtMs })).toEqual(verdict)
    expect(call.because()).toBe('http size')
  })

  it.each([
    'socket_closed',
    'ping_timeout',
    'connection_reset',
    'connection_closed',
    'connection_failed',
    'protocol_error',
  ] as const)('that ended a used socket (%s), the whole goes out on a new one, once', (code) => {
    scene()
    const call = at.call()
    const failed = failure(code)
    const record = { connectionReused: true, firstEventAtMs: 5 }
    expect(call.after(attempted(call), failed, record)).toEqual(IF_SAFE)
    const again = attempted(call)
    expect(again.facts.wholeBecause).toBe('retry')
    expect(call.after(again, failed, record)).toBeUndefined()
    // A retry is whole in any case. It is not sent over HTTP, because events had come.
    expect(call.because()).toBe('socket retry')
  })

  it('that ended a new socket, the decision is that of any failure', () => {
    scene()
    const call = at.call()
    expect(call.after(attempted(call), failure('connection_reset'))).toBeUndefined()
    expect(call.because()).toBe('socket retry')
  })

  it.each([['ttfb_timeout'], ['response_failed'], ['wrong_response']] as const)(
    'that does not end a socket (%s), the decision is that of any failure',
    (code) => {
      scene()
      const call = at.call()
      for (let n = 0; n < 3; n++)
        expect(call.after(attempted(call), failure(code), { connectionReused: true })).toBeUndefined()
      expect(call.because()).toBe('socket retry')
    },
  )

  it('that came twice before the first event, HTTP follows', () => {
    scene()
    const call = at.call()
    const closed = failure('socket_closed')
    call.after(attempted(call), closed)
    expect(call.because()).toBe('socket retry')
    call.after(attempted(call), closed, { firstEventAtMs: 5 })
    expect(call.because()).toBe('socket retry')
    call.after(attempted(call), closed)
    expect(call.because()).toBe('http closed')
  })

  it('a call is not sent at once for a second reason', async () => {
    scene()
    await at.call().turn('resp_1')
    const call = at.call(ask(SECOND))
    call.after(attempted(call), failure('previous_response_not_found'))
    expect(
      call.after(attempted(call), failure('socket_closed'), { connectionReused: true, firstEventAtMs: 5 }),
    ).toBeUndefined()
  })
})

describe('after the failure of an attempt that was not sent on a socket', () => {
  it('the decision is that of any failure', () => {
    scene()
    const call = at.call()
    const { connection } = attempted(call)
    const lost = failure('socket_closed', undefined, { closeCode: 1009 })
    const record = { generation: 1, connectionReused: true } as const
    for (const other of ['any', 'fresh', { ...connection }] as const)
      expect(call.after({ connection: other as typeof connection }, lost, record)).toBeUndefined()
    expect(call.route.after({ request: { connection }, record: undefined }, lost, false)).toBeUndefined()
    expect(call.because()).toBe('socket retry')
  })
})

describe('after an upgrade that was not granted', () => {
  const NOT_OPEN = { generation: 0 }
  const refusal = (status: number, hintMs?: number) => failure('http_status', undefined, { status, hintMs })
  const other: HeaderPairs = [['authorization', 'Bearer b']]

  it.each([
    ['by a status', failure('connection_failed', undefined, { upgradeStatus: 426 })],
    ['by an answer', refusal(503)],
  ])('%s, HTTP follows at once, for every credential', (_what, failed) => {
    scene()
    const call = at.call()
    expect(call.after(attempted(call), failed, NOT_OPEN)).toEqual(AT_ONCE)
    expect(call.because()).toBe('http not_upgraded')
    expect(at.call().because({ headers: other })).toBe('http not_upgraded')
  })

  it.each([401, 403])('by %i, HTTP follows for this credential alone', (status) => {
    scene()
    const call = at.call()
    expect(call.after(attempted(call), refusal(status), NOT_OPEN)).toEqual(AT_ONCE)
    expect(call.because()).toBe('http not_upgraded')
    expect(at.call().because()).toBe('http not_upgraded')
    expect(at.call().because({ headers: other })).toBe('socket no_socket')
  })

  it('by 401, the credential is replaced first, if it can be', () => {
    scene()
    const call = at.call()
    for (const failed of [refusal(401), refusal(401, 5)])
      expect(call.after(attempted(call), failed, NOT_OPEN, true)).toBeUndefined()
    expect(call.because()).toBe('socket retry')
    // Another status has nothing to do with the credential.
    expect(call.after(attempted(call), refusal(403), NOT_OPEN, true)).toEqual(AT_ONCE)
  })

  it('by a status with a hint, the call waits once, as after any hint', () => {
    scene()
    const call = at.call()
    expect(call.after(attempted(call), refusal(503, 5), NOT_OPEN)).toBeUndefined()
    expect(call.because()).toBe('socket retry')
    expect(call.after(attempted(call), refusal(503, 5), NOT_OPEN)).toEqual(AT_ONCE)
    expect(call.because()).toBe('http not_upgraded')
  })

  it('by 401 with a hint, HTTP follows at once', () => {
    scene()
    const call = at.call()
    expect(call.after(attempted(call), refusal(401, 5), NOT_OPEN)).toEqual(AT_ONCE)
  })

  it('by silence, a second socket is tried at once, then HTTP', async () => {
    scene()
    const call = at.call()
    for (let n = 1; n <= 2; n++) {
      const plan = call.onSocket()
      const wire = await at.dial(plan)
      wire.connect()
      expect(call.after(plan, failure('connect_timeout'), NOT_OPEN)).toEqual(AT_ONCE)
      plan.connection.socket.release()
      wire.destroy()
      expect([n, at.fallback.servesFor(at.source.keyOf(RESPONSES, HEADERS))]).toEqual([n, n === 2])
    }
    expect(call.because()).toBe('http not_upgraded')
    expect(at.call().because({ headers: other })).toBe('http not_upgraded')
  })

  it('by a host that was not reached, or finally, the decision is that of any failure', async () => {
    scene()
    const call = at.call()
    for (let n = 0; n < 3; n++)
      expect(call.after(attempted(call), failure('connection_refused'), NOT_OPEN)).toBeUndefined()
    const plan = call.onSocket()
    const wire = await at.dial(plan)
    wire.connect()
    const final = { ...failure('connection_failed'), lane: undefined }
    for (let n = 0; n < 3; n++) expect(call.after(plan, final, NOT_OPEN)).toBeUndefined()
    wire.destroy()
    expect(call.because()).toBe('socket retry')
  })
})

describe('a call that continues a response of one socket', () => {
  const next = (id: string, more: object = {}) => ask([user('And?')], { previous_response_id: id, ...more })

  it('is strict for such a response alone', async () => {
    scene()
    await at.call().turn('resp_1')
    await at.call(ask([user('Stored')], { store: true })).turn('resp_2')
    expect(at.call(next('resp_1')).route.isStrict).toBe(true)
    expect(at.call(next('resp_2')).route.isStrict).toBe(false)
    expect(at.call(next('resp_3')).route.isStrict).toBe(false)
    expect(at.call(ask([user('And?')], { conversation: 'resp_1' })).route.isStrict).toBe(false)
    expect(at.call().route.isStrict).toBe(false)
  })

  it('goes whole on that socket, and says no reason', async () => {
    scene()
    const wire = await at.call().turn('resp_1')
    const call = at.call(next('resp_1'))
    const plan = call.onSocket()
    const bytes = Buffer.byteLength(call.text) + '{"type":"response.create"'.length
    expect(plan.facts).toEqual({ sent: 'whole', bytesWhole: bytes, bytesSent: bytes })
    expect(plan.connection.strict).toBe(true)
    await at.serve(plan, 'resp_2')
    expect(sentOn(wire)).toEqual({ type: 'response.create', ...next('resp_1') })
    // The server knows more than the caller sent, so nothing fits to it.
    expect(at.call(ask([user('And?'), user('So?')])).because()).toBe('socket no_socket')
    expect(at.call(next('resp_2')).route.isStrict).toBe(true)
  })

  it('is lost if it cannot be sent on a socket', async () => {
    scene()
    await at.call().turn('resp_1')
    const lost = { kind: 'lost', why: NOT_ON_SOCKET }
    expect(at.call(next('resp_1', { stream: false })).plan()).toEqual(lost)
    expect(at.call(next('resp_1'), { dispatcher: {} }).plan()).toEqual(lost)
    expect(at.call(next('resp_1'), { body: { kind: 'none' } }).plan()).toEqual(lost)
    expect(NOT_ON_SOCKET).toContain('Nothing was sent.')
  })

  it('is lost, and says why, if the socket does not keep the response any more', async () => {
    scene()
    const wire = await at.call().turn('resp_1')
    const why = (reason: keyof typeof LOST) => ({ kind: 'lost', why: `${LOST[reason]} Nothing was sent.` })
    expect(at.call(next('resp_1')).plan({ headers: [['authorization', 'Bearer b']] })).toEqual(why('other_key'))
    const busy = at.call(next('resp_1')).onSocket()
    expect(at.call(next('resp_1')).plan()).toEqual(why('busy'))
    await at.serve(busy, 'resp_2')
    expect(at.call(next('resp_1')).plan()).toEqual(why('moved_on'))
    wire.closed(1000)
    expect(at.call(next('resp_2')).plan()).toEqual(why('gone'))
    expect(Object.values(LOST).every((words) => words.startsWith('That WebSocket '))).toBe(true)
  })

  it.each([
    ['any failure that could be retried', failure('connection_reset'), true],
    ['a response that is not found', failure('previous_response_not_found'), true],
    ['the end of the socket’s time', failure('http_status', undefined, { upstreamCode: 'websocket_x' }), true],
    ['an answer about the request', failure('http_status', undefined, { upstreamCode: 'invalid_value' }), false],
  ])('after %s', async (_what, failed, isLost) => {
    scene()
    await at.call().turn('resp_1')
    const call = at.call(next('resp_1'))
    const why = `The attempt on it failed, after which its server has forgotten the response: ${failed.message}`
    expect(call.after(attempted(call), failed)).toEqual(isLost ? { kind: 'lost', why } : undefined)
  })
})
