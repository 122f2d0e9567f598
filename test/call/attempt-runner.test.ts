import { describe, expect, it } from 'vitest'
import { fake } from '../../src/testing/index.ts'
import type { HeaderPairs } from '../../src/transport/transport.ts'
import { HEADERS, rounds } from './attempt-runner-rig.ts'

describe('a round', () => {
  const committed = [fake.head(200), fake.event({ type: 'response.output_text.delta', delta: 'x' }), fake.stall()]

  it('is one attempt without hedging', async () => {
    const r = rounds({ script: [fake.stall()] })
    expect(r.rounds.abort('early')).toBe(false)
    const playing = r.rounds.run(true)
    await r.clock.settle()
    expect(r.asked.map(({ refresh }) => refresh)).toEqual([true])
    expect(r.rounds.abort('why')).toBe(true)
    expect((await playing).opened).toEqual({ kind: 'aborted', reason: 'why' })
    expect(r.ended).toEqual([1])
    r.rounds.clear()
    expect(r.rounds.abort('late')).toBe(false)
    r.rounds.end()
    expect([r.planned, r.callsEnded()]).toEqual([[], 0])
  })

  it('calls headers with refresh only if that is wanted', async () => {
    const r = rounds({ script: [fake.status(400)] })
    await r.rounds.run(false)
    expect(r.asked.map(({ refresh }) => refresh)).toEqual([false])
  })

  it('ends with the call while its headers are made, by any function', async () => {
    let give = (_headers: HeaderPairs): void => {}
    const r = rounds({ headers: () => new Promise((resolve) => (give = resolve)) })
    const playing = r.rounds.run(false)
    r.scope.abort('why')
    give(HEADERS)
    await expect(playing).rejects.toBe('why')
    expect(r.transport.requests).toEqual([])
  })

  it('gives an attempt the cutoff of its kind, more after each cut, and not after other failures', async () => {
    const r = rounds({ script: [fake.reset(), fake.stall(), fake.stall()] })
    expect((await r.rounds.run(false)).opened).toMatchObject({ failure: { code: 'connection_reset' } })
    const deadlines: unknown[] = []
    for (let n = 0; n < 2; n++) {
      const playing = r.rounds.run(false)
      await r.clock.advance(100_000)
      const { opened } = await playing
      deadlines.push(opened.kind === 'failed' && opened.failure.deadline)
    }
    expect(deadlines).toMatchObject([{ ms: 45_000 }, { ms: 72_000 }])
    expect(r.transport.requests.map(({ connection }) => connection)).toEqual(['any', 'fresh', 'fresh'])
  })

  it.each([
    ['a call that may double something', { body: { stream: true, background: true } }],
    ['a call that does not stream', { body: {} }],
    ['a stream that is asked for again', { method: 'GET' }],
  ])('is one attempt in %s', async (_, given) => {
    const r = rounds({ hedged: true, script: [fake.stall()], ...given })
    void r.rounds.run(false)
    await r.clock.advance(20_000)
    expect([r.planned, r.transport.requests.length]).toEqual([[], 1])
    r.rounds.abort('done')
  })

  it('is a race otherwise, planned once from the request', async () => {
    const body = { stream: true, model: 'm', reasoning: { effort: 'high' }, input: 'x'.repeat(40) }
    const r = rounds({ hedged: true, body, script: [fake.stall(), committed] })
    const playing = r.rounds.run(true)
    await r.clock.advance(10_000)
    const { attempt, opened } = await playing
    expect([attempt.number, opened.kind]).toEqual([2, 'committed'])
    // A credential is exchanged once, not by each of them.
    expect(r.asked.map(({ refresh }) => refresh)).toEqual([true, false])
    expect(r.planned).toEqual([
      {
        origin: 'https://api.test',
        model: 'm',
        effort: 'high',
        tier: '',
        hasToolEffects: false,
        continuation: false,
        inputTokens: 10,
      },
      { maxConcurrent: 3 },
    ])
    expect(r.told).toEqual(['hedge_start 2', 'hedge_end 2'])
    expect(r.transport.requests.map(({ outcome }) => outcome)).toEqual(['destroyed', 'open'])
    r.rounds.abort('done')
    r.rounds.end()
    expect(r.callsEnded()).toBe(1)
    void r.rounds.run(false).catch(() => {})
    expect(r.planned).toHaveLength(2)
  })

  it('that is decided while the headers of a hedge are made sends no hedge', async () => {
    let give = (_headers: HeaderPairs): void => {}
    let n = 0
    const r = rounds({
      hedged: true,
      script: [[fake.delay(12_000), ...committed]],
      headers: () => (n++ === 0 ? Promise.resolve(HEADERS) : new Promise((resolve) => (give = resolve))),
    })
    const playing = r.rounds.run(false)
    await r.clock.advance(12_000)
    expect((await playing).attempt.number).toBe(1)
    give(HEADERS)
    await r.clock.settle()
    expect([r.asked.length, r.transport.requests.length, r.told]).toEqual([2, 1, []])
    r.rounds.abort('done')
  })
})
