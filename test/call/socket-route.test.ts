import { afterEach, describe, expect, it } from 'vitest'
import type { HeaderPairs } from '../../src/transport/transport.ts'
import { ask, assistant, SocketsScene, sentOn, user } from './socket-route-rig.ts'

let at: SocketsScene
const scene = (...given: ConstructorParameters<typeof SocketsScene>) => (at = new SocketsScene(...given))
afterEach(() => at.end())

const OTHER: HeaderPairs = [['authorization', 'Bearer b']]
const SECOND = [user('Hello'), assistant('Hi'), user('And?')]

describe('an attempt on a socket', () => {
  it('is sent whole on a new socket if none is idle, byte for byte', async () => {
    const { transport } = scene()
    const call = at.call()
    const plan = call.onSocket()
    const message = `{"type":"response.create",${call.text.slice(1)}`
    expect(plan).toMatchObject({
      transport,
      connection: { strict: false, socket: { isNew: true } },
      facts: { sent: 'whole', bytesWhole: message.length, bytesSent: message.length, wholeBecause: 'no_socket' },
    })
    expect((await at.serve(plan, 'resp_1')).sent).toEqual([message])
  })

  it('is sent as an increment on the socket whose server knows the beginning', async () => {
    scene()
    const wire = await at.call().turn('resp_1')
    const call = at.call(ask(SECOND))
    const { facts, connection } = call.onSocket()
    await at.serve({ kind: 'socket', transport: at.transport, connection, facts }, 'resp_2')
    expect(sentOn(wire)).toEqual({
      type: 'response.create',
      ...ask([user('And?')]),
      previous_response_id: 'resp_1',
    })
    expect(facts).toEqual({
      sent: 'incremental',
      bytesWhole: Buffer.byteLength(call.text) + '{"type":"response.create"'.length,
      bytesSent: wire.sent.at(-1)?.length,
    })
    expect(connection.strict).toBe(false)
  })

  it('hides the previous_response_id that only the increment has', async () => {
    scene()
    await at.call().turn('resp_1')
    const { wire, recorder, exchange } = await at.begin(at.call(ask(SECOND)).onSocket())
    wire.say({ type: 'response.created', response: { id: 'resp_2', previous_response_id: 'resp_1' } })
    await at.clock.settle()
    expect(Buffer.concat(recorder.chunks).toString()).toContain('"previous_response_id":null')
    exchange.destroy()
  })

  it('is compared with what the server knew before, through any number of increments', async () => {
    scene()
    const wire = await at.call().turn('resp_1')
    await at.call(ask(SECOND)).turn('resp_2', [assistant('Yes')])
    await at.call(ask([...SECOND, assistant('Yes'), user('So?')])).turn('resp_3')
    expect(sentOn(wire)).toMatchObject({ input: [user('So?')], previous_response_id: 'resp_2' })
    expect(at.wires.all).toHaveLength(1)
  })

  it('takes the socket that knows most, and of equal ones the one that was used last', async () => {
    scene()
    const short = at.call().onSocket()
    const long = at.call(ask([user('Hello'), assistant('Hi')])).onSocket()
    const latest = at.call().onSocket()
    await at.serve(long, 'resp_long', [])
    const first = await at.serve(short, 'resp_short', [])
    const last = await at.serve(latest, 'resp_latest', [])
    await at.call(ask([user('Hello'), assistant('Hi'), user('And?')])).turn('resp_a')
    expect([first.sent.length, last.sent.length]).toEqual([1, 1])
    // `resp_long` has carried another conversation since, so only the others know this one.
    await at.call(ask([user('Hello'), user('More')])).turn('resp_b')
    expect(sentOn(last)).toMatchObject({ previous_response_id: 'resp_latest' })
  })

  it.each([
    ['the model', ask(SECOND, { model: 'other' }), 'field:model'],
    ['an item', ask([user('Hello'), assistant('Ho'), user('And?')]), 'item:1'],
    ['a field whose name may be anything', ask(SECOND, { 'a b': 1 }), 'field:other'],
    ['a field with a name of 65 characters', ask(SECOND, { ['x'.repeat(65)]: 1 }), 'field:other'],
    ['store', ask(SECOND, { store: true }), 'field:store'],
    ['a reference', ask([{ type: 'item_reference', id: 'x' }]), 'item:0'],
  ])('is sent whole if it differs by %s, and says so', async (_what, json, because) => {
    scene()
    await at.call().turn('resp_1')
    expect(at.call(json).because()).toBe(`socket ${because}`)
  })

  it('says by what it differs from the socket that was used last', async () => {
    scene()
    const one = at.call(ask([user('Hello')], { model: 'one' })).onSocket()
    const two = at.call(ask([user('Hey')])).onSocket()
    await at.serve(one, 'resp_1')
    await at.serve(two, 'resp_2')
    expect(at.call(ask(SECOND)).because()).toBe('socket item:0')
  })

  it('is sent whole with incremental: false, and without an input', async () => {
    scene({ incremental: false })
    await at.call().turn('resp_1')
    expect(at.call(ask(SECOND)).because()).toBe('socket off')
    await at.end()
    scene()
    expect(at.call({ model: 'm', stream: true, store: false }).because()).toBe('socket off')
  })

  it('says why it can only be sent whole, also without an idle socket', () => {
    scene()
    expect(at.call(ask('Hello', { store: true })).because()).toBe('socket field:store')
  })

  it('is no beginning of an increment if its own request can only be sent whole', async () => {
    scene()
    await at.call(ask([user('Hello')], { truncation: 'auto' })).turn('resp_1')
    expect(at.call(ask(SECOND)).because()).toBe('socket no_socket')
  })

  it('uses a used socket if it is safe to send again, and a new one otherwise', async () => {
    scene()
    await at.call(ask('Hello', { store: true })).turn('resp_1')
    const again = at.call(ask('More', { store: true })).onSocket()
    expect(again.connection.socket.isNew).toBe(false)
    again.connection.socket.release()
    const once = at.call(ask('More', { store: true }), { isRepeatable: false }).onSocket()
    expect(once.connection.socket.isNew).toBe(true)
    once.connection.socket.release()
  })

  it.each([
    ['a hedge', { isHedge: true }, 'hedge'],
    ['a retry', {}, 'retry'],
  ])('that is %s goes whole on a socket that never carried a response', async (_what, attempt, because) => {
    scene()
    await at.call(ask('Hello', { store: true })).turn('resp_1')
    const call = at.call(ask('More', { store: true }))
    if (because === 'retry') expect(call.because()).toBe('socket field:store')
    const plan = call.onSocket(attempt)
    expect([plan.facts.wholeBecause, plan.connection.socket.isNew]).toEqual([because, true])
    plan.connection.socket.release()
  })

  it('waits for no socket: with as many as there may be, it goes over HTTP', async () => {
    scene({ maxSockets: 1 })
    const busy = at.call().onSocket()
    expect(at.call().because()).toBe('http no_socket')
    busy.connection.socket.release()
  })

  it('goes whole if another exchange has the last place of the socket that fits', async () => {
    scene({ maxConnections: 1 })
    await at.call().turn('resp_1')
    const busy = at.call(ask([user('Other')])).plan()
    expect(at.call(ask(SECOND)).because()).toBe('http no_socket')
    if (busy.kind === 'socket') busy.connection.socket.release()
  })

  it('goes whole if its increment is nested too deeply to be written', async () => {
    scene()
    await at.call().turn('resp_1')
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const more = { type: 'message', role: 'user', content: 'DEEP' }
    const text = JSON.stringify(ask([...SECOND, more])).replace('"DEEP"', deep)
    const body = { kind: 'bytes', bytes: Buffer.from(text) } as const
    expect(at.call(ask(), { body }).because()).toBe('socket no_socket')
  })

  it('closes the idle sockets of a credential that was replaced, and of no other', async () => {
    scene()
    const call = at.call(ask('Hello', { store: true }))
    const wire = await at.serve(call.onSocket(), 'resp_1')
    call.because({ isRefreshed: true })
    expect(wire.closeCodes).toEqual([])
    call.because({ headers: OTHER })
    expect(wire.closeCodes).toEqual([])
    call.because()
    call.because({ headers: OTHER, isRefreshed: true })
    expect(wire.closeCodes).toEqual([1000])
    expect(at.call().because({ isRefreshed: true })).toBe('socket no_socket')
  })
})
