import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { fake, reasoningStream, textStream, toolCallStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })

describe('connection death before the first event', () => {
  it('fault 9: accepted, nothing ever sent: cut at ttfbMs, the connection poisoned, retried on another', async () => {
    const s = scenario([fake.stall(), fake.respond(ok)], { timeouts: { ttfbMs: 45_000 } })
    const { value } = await s.settle(s.post())
    expect(await readAll(value as Response)).toEqual({ text: toSSE(ok), error: undefined })
    expect(s.decisions()).toMatchObject([{ code: 'ttfb_timeout', retry: true, lane: 'connection' }])
    expect(s.transport.requests[0]?.poisonReasons).toEqual(['ttfb_timeout'])
    expect(s.transport.requests[1]).toMatchObject({ connection: 'fresh', carriedBy: { reused: false } })
    expect(s.transport.requests[1]?.at).toBeGreaterThanOrEqual(45_000)
    expect(s.transport.requests[1]?.at).toBeLessThanOrEqual(45_200)
    await s.nothingIsLeft()
  })

  it('fault 10: 200 and headers, then nothing: counted from when the request was written', async () => {
    const s = scenario([[fake.delay(30_000), fake.head(200), fake.stall()], fake.respond(ok)], {
      timeouts: { ttfbMs: 45_000 },
    })
    const { value } = await s.settle(s.post())
    await readAll(value as Response)
    expect(s.transport.requests[1]?.at).toBeLessThanOrEqual(45_200)
    await s.nothingIsLeft()
  })

  it('fault 11: comments every second are no first byte', async () => {
    const s = scenario([fake.repeat(fake.comment('ping'), { everyMs: 1000 }), fake.respond(ok)], {
      timeouts: { ttfbMs: 45_000 },
    })
    const { value } = await s.settle(s.post())
    await readAll(value as Response)
    expect(s.decisions()).toMatchObject([{ code: 'ttfb_timeout', retry: true }])
    await s.nothingIsLeft()
  })

  it('fault 12: dead on every attempt: bounded, each cutoff exactly what was given, one error with all attempts on it', async () => {
    const s = scenario([fake.stall(), fake.stall(), fake.stall(), fake.stall(), fake.stall()], {
      timeouts: { ttfbMs: 10_000 },
    })
    const { error } = await s.settle(s.post())
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toBe('fetch failed')
    const ours = findResilientError(error)
    expect(ours).toMatchObject({
      code: 'ttfb_timeout',
      retryable: true,
      giveUpReason: 'retries_exhausted',
      replaySafety: 'safe',
    })
    expect(ours?.message).toContain('timed out')
    expect(ours?.message).toContain('ttfb')
    expect(ours?.attempts.map((attempt) => attempt.deadline?.ms)).toEqual([10_000, 10_000, 10_000, 10_000, 10_000])
    expect(ours?.cause).toMatchObject({ code: 'ETIMEDOUT' })
    await s.nothingIsLeft()
  })

  it('fault 12: on the drop-in never later than beforeCommitMs', async () => {
    const s = scenario(() => [fake.stall()], { timeouts: { ttfbMs: 200_000 }, maxRetries: 10 })
    const { error } = await s.settle(s.post())
    expect(s.clock.now()).toBe(540_000)
    expect(findResilientError(error)?.code).toBe('before_commit_timeout')
    await s.nothingIsLeft()
  })

  it('fault 13: reset just after the request was written', async () => {
    const s = scenario([fake.reset(), fake.respond(ok)])
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.decisions()).toMatchObject([{ code: 'connection_reset', retry: true, transparent: false }])
    await s.nothingIsLeft()
  })

  it('fault 14: a reused connection that dies before its first byte costs neither a retry nor budget', async () => {
    const s = scenario([fake.respond(ok), fake.reset('UND_ERR_SOCKET'), fake.respond(ok)], { maxRetries: 0 })
    await readAll((await s.settle(s.post())).value as Response)
    await s.clock.advance(200)
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.transport.requests[1]?.carriedBy).toMatchObject({ reused: true })
    expect(s.decisions()).toMatchObject([{ retry: true, delayMs: 0, transparent: true }])
    expect(s.transport.requests[2]?.connection).toBe('fresh')
    await s.nothingIsLeft()
  })

  it('fault 15: an endpoint that stops reading the request is cut at sendMs, a slow but progressing upload is not', async () => {
    const s = scenario([fake.sendStall(), [fake.send({ times: 10, everyMs: 29_000 }), fake.respond(ok)]])
    const { value } = await s.settle(s.post())
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.decisions()).toMatchObject([{ code: 'send_timeout', retry: true }])
    await s.nothingIsLeft()
  })

  it.each([
    [44_999, 1],
    [45_001, 2],
  ])(
    'fault 16: a first event %i ms after the request, with a cutoff of 45 000, takes %i attempts',
    async (delay, attempts) => {
      const late = () => [fake.delay(delay), fake.respond(ok)].flat()
      const s = scenario(attempts === 1 ? [late()] : [late(), fake.respond(ok)], { timeouts: { ttfbMs: 45_000 } })
      const { value } = await s.settle(s.post())
      expect((await readAll(value as Response)).text).toBe(toSSE(ok))
      expect(s.transport.requests).toHaveLength(attempts)
      await s.nothingIsLeft()
    },
  )

  it('fault 17: ttfbMs 0 never cuts; the stale deadline still holds', async () => {
    const s = scenario([fake.stall(), fake.respond(ok)], { timeouts: { ttfbMs: 0, staleMs: 400_000 } })
    const { value } = await s.settle(s.post())
    await readAll(value as Response)
    expect(s.decisions()).toMatchObject([{ code: 'stale_timeout', retry: true }])
    await s.nothingIsLeft()
  })

  it.each([
    ['reasoning-only', reasoningStream()],
    ['tool-call-only', toolCallStream()],
  ])('fault 18: a %s stream has its first byte, and is never cut by TTFB afterwards', async (_name, events) => {
    const s = scenario([fake.respond(events, { everyMs: 40_000 })], { timeouts: { ttfbMs: 45_000 } })
    const { value } = await s.settle(s.post())
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read).toEqual({ text: toSSE(events), error: undefined })
    await s.nothingIsLeft()
  })

  it('fault 19: slower than the base cutoff, but within auto for its effort', async () => {
    const s = scenario([[fake.delay(290_000), fake.respond(ok)].flat()])
    const { value } = await s.settle(s.post({ reasoning: { effort: 'high' } }))
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.decisions()).toEqual([])
    await s.nothingIsLeft()
  })

  it('fault 4: a connect that never ends is cut at connectMs, and was provably not sent', async () => {
    const s = scenario([fake.connectStall(), fake.respond(ok)])
    const { value } = await s.settle(s.post({ conversation: 'conv_1' }))
    expect((await readAll(value as Response)).text).toBe(toSSE(ok))
    expect(s.decisions()).toMatchObject([
      { code: 'connect_timeout', retry: true, lane: 'connection', transparent: false },
    ])
    await s.nothingIsLeft()
  })

  it('fault 1: a host that does not exist is asked for twice more', async () => {
    const s = scenario([fake.connectError('ENOTFOUND'), fake.connectError('ENOTFOUND'), fake.connectError('ENOTFOUND')])
    const { error } = await s.settle(s.post())
    expect(findResilientError(error)).toMatchObject({ code: 'host_not_found', retryable: true })
    expect(findResilientError(error)?.message).toContain('api.test')
    await s.nothingIsLeft()
  })

  it('fault 2: a resolver that fails once is asked again', async () => {
    const s = scenario([fake.connectError('EAI_AGAIN'), fake.respond(ok)])
    expect((await readAll((await s.settle(s.post())).value as Response)).text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it.each(['ECONNREFUSED', 'ENETUNREACH'] as const)(
    'fault 3: %s for 5 s is ridden out by the growing back-off',
    async (code) => {
      const s = scenario((_request) => (s.clock.now() < 5000 ? [fake.connectError(code)] : [fake.respond(ok)].flat()))
      const { value } = await s.settle(s.post())
      expect((await readAll(value as Response)).text).toBe(toSSE(ok))
      await s.nothingIsLeft()
    },
  )

  it('fault 6: a certificate that is not trusted is final', async () => {
    const s = scenario([fake.connectError('CERT_HAS_EXPIRED')])
    const { error } = await s.settle(s.post())
    expect(findResilientError(error)).toMatchObject({
      code: 'certificate_rejected',
      retryable: false,
      giveUpReason: 'not_retryable',
    })
    await s.nothingIsLeft()
  })

  it('fault 8: running out of files backs off in the pushback lane', async () => {
    const s = scenario([fake.connectError('EMFILE'), fake.connectError('EMFILE'), fake.respond(ok)], {
      random: () => 0.5,
    })
    await readAll((await s.settle(s.post())).value as Response)
    expect(s.decisions()).toMatchObject([
      { lane: 'pushback', delayMs: 250 },
      { lane: 'pushback', delayMs: 500 },
    ])
    await s.nothingIsLeft()
  })

  it('fault 70: an event loop blocked for 10 s, and a machine that slept an hour, kill nothing that is healthy', async () => {
    const s = scenario([fake.respond(ok, { everyMs: 3000 })], { timeouts: { ttfbMs: 5000, idleMs: 8000 } })
    const posted = s.post()
    await s.clock.advance(1000)
    s.clock.jump(10_000)
    const { value } = await s.settle(posted)
    const read = readAll(value as Response)
    await s.clock.advance(1)
    s.clock.jump(3_600_000)
    expect((await s.settle(read)).value).toEqual({ text: toSSE(ok), error: undefined })
    expect(s.decisions()).toEqual([])
    await s.nothingIsLeft()
  })
})
