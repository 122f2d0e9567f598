import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { fake } from '../../src/testing/index.ts'
import { readAll, scenario } from '../client/harness.ts'
import { HurriedClock } from '../faults/support/hurried-clock.ts'
import { turns, until } from '../support/until.ts'
import { fieldServer } from './support/field-server.ts'
import { withClient } from './support/play.ts'

const CHAT = 'https://api.test/v1/chat/completions'
const HOUR = 3_600_000
const JSON_TYPE = { 'content-type': 'application/json' }
const chat = (stream: boolean): RequestInit => ({
  method: 'POST',
  headers: JSON_TYPE,
  body: JSON.stringify({ model: 'gpt-5', messages: [], ...(stream && { stream }) }),
})

describe('a silent chat completion', () => {
  it('is cut 300 s after it was sent if it asked for a stream, and not repeated', async () => {
    const s = scenario([fake.stall()])
    const { error } = await s.settle(s.client.fetch(CHAT, chat(true)))
    expect(s.clock.now()).toBe(300_000)
    expect(findResilientError(error)).toMatchObject({
      code: 'idle_timeout',
      giveUpReason: 'not_replayable',
      deadline: { name: 'idle', ms: 300_000 },
    })
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })

  it('has until staleMs if it asked for the whole answer, and is not repeated', async () => {
    const s = scenario([fake.stall()])
    const { error } = await s.settle(s.client.fetch(CHAT, chat(false)))
    expect(s.clock.now()).toBe(1_800_000)
    expect(findResilientError(error)).toMatchObject({ code: 'stale_timeout', giveUpReason: 'not_replayable' })
    await s.nothingIsLeft()
    const slow = scenario([[fake.delay(360_000), fake.status(200, { body: 'whole' })].flat()])
    const { value } = await slow.settle(slow.client.fetch(CHAT, chat(false)))
    expect(await value?.text()).toBe('whole')
    await slow.nothingIsLeft()
  })

  it.each([true, false])('is cut after 300 s without a byte of its body, with stream: %s', async (stream) => {
    const s = scenario([[fake.head(200), fake.delay(200_000), fake.bytes('data: 1\n\n'), fake.stall()].flat()])
    const { value } = await s.settle(s.client.fetch(CHAT, chat(stream)))
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read?.text).toBe('data: 1\n\n')
    expect(s.clock.now()).toBe(500_000)
    expect(findResilientError(read?.error)).toMatchObject({ code: 'idle_timeout' })
    await s.nothingIsLeft()
  })

  it('continues as long as bytes arrive, even comments', async () => {
    const s = scenario([[fake.head(200), fake.repeat(fake.comment(), { everyMs: 299_000 })].flat()])
    const { value } = await s.settle(s.client.fetch(CHAT, chat(true)))
    const reader = value?.body?.getReader()
    const reading = (async () => {
      for (let i = 0; i < 48; i++) await reader?.read()
    })()
    await s.settle(reading)
    expect(s.clock.now()).toBeGreaterThan(3.9 * HOUR)
    await reader?.cancel()
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('obeys explicit limits, which 0 switches off', async () => {
    const short = scenario([fake.stall()], { timeouts: { idleMs: 5000 } })
    await short.settle(short.client.fetch(CHAT, chat(true)))
    expect(short.clock.now()).toBe(5000)
    const off = scenario([fake.stall()], { timeouts: { idleMs: 0, staleMs: 0 } })
    const call = off.client.fetch(CHAT, { ...chat(true), signal: off.controller.signal }).catch(() => 'aborted')
    await off.clock.advance(24 * HOUR)
    off.controller.abort()
    expect(await call).toBe('aborted')
  })

  it('is not repeated as a GET either; an error answer that never ends is cut, too', async () => {
    const s = scenario([fake.stall()])
    const { error } = await s.settle(s.client.fetch('https://api.test/v1/models'))
    expect(findResilientError(error)).toMatchObject({ code: 'stale_timeout', replaySafety: 'unknown' })
    await s.nothingIsLeft()
    const drip = scenario([[fake.head(503), fake.repeat(fake.comment(), { everyMs: 200_000 })].flat()])
    await drip.settle(drip.client.fetch(CHAT, chat(true)))
    expect(drip.clock.now()).toBe(1_800_000)
    await drip.nothingIsLeft({ allowHangUp: true })
  })

  it('over real sockets is cut at the same deadline, and its connection is closed', async () => {
    await using server = await fieldServer([{ bytes: '' }])
    const clock = new HurriedClock()
    await withClient({ baseURL: server.baseURL, clock }, async (client) => {
      const call = client.fetch(`${server.baseURL}/chat/completions`, chat(true)).catch(findResilientError)
      await until(() => server.requests.length === 1, 'the request')
      await turns(10)
      await clock.pass(300_001)
      expect(await call).toMatchObject({ code: 'idle_timeout' })
      await (await server.server.connection()).gone()
    })
    expect(server.requests).toHaveLength(1)
  })
})
