import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TelemetryEvent } from '../../src/index.ts'
import { type NumberedEvent, SequenceGuard } from '../../src/responses/sequence.ts'
import { fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { added, broken, call, completed, created, delta, done, KEPT, response, unfinished } from './support/kept.ts'
import { playStream, withClient } from './support/play.ts'

const inProgress = (number: number) => ({
  type: 'response.in_progress',
  sequence_number: number,
  response: unfinished(),
})

describe('a resumed stream that the endpoint numbers from 0 again', () => {
  it('delivers text that was never delivered', async () => {
    const told: TelemetryEvent[] = []
    await using server = await fieldServer([
      broken(created(0), added(1), delta(2, 'hel')),
      streamAnswer(frames(delta(0, 'lo'), completed(1, { output: [] }))),
    ])
    const { result, error } = await playStream({ baseURL: server.baseURL, onEvent: (event) => told.push(event) }, KEPT)
    expect(error).toBeUndefined()
    expect(result).toMatchObject({ status: 'completed', output_text: 'hello' })
    expect(told.filter(({ type }) => type === 'event_problem')).toEqual([
      expect.objectContaining({ problem: 'sequence_repeat', eventType: 'response.output_text.delta' }),
    ])
  })

  it('delivers a tool call that was never delivered', async () => {
    const item = call('call_1', { id: 'fc_1' })
    await using server = await fieldServer([
      broken(created(0), inProgress(1)),
      streamAnswer(frames(done(item, { sequence_number: 0, output_index: 0 }), completed(1, { output: [] }))),
    ])
    const { events, result } = await playStream({ baseURL: server.baseURL }, KEPT)
    expect(result?.output).toEqual([item])
    expect(events.filter(({ type }) => type === 'response.output_item.done')).toHaveLength(1)
  })

  it('delivers the text after the events that it repeats', async () => {
    await using server = await fieldServer([
      broken(created(0), inProgress(1), added(2), delta(3, 'hel')),
      streamAnswer(frames(created(0), inProgress(1), added(2), delta(3, 'lo'), completed(4, { output: [] }))),
    ])
    const { events, result } = await playStream({ baseURL: server.baseURL }, KEPT)
    expect(result?.output_text).toBe('hello')
    expect(events.filter(({ type }) => type === 'response.created')).toHaveLength(1)
  })

  it('is polled when it breaks again, because its numbers prove nothing', async () => {
    await using server = await fieldServer([
      broken(created(0), added(1), delta(2, 'he')),
      broken(delta(0, 'l')),
      jsonAnswer(200, response()),
    ])
    expect((await playStream({ baseURL: server.baseURL }, KEPT)).result?.output_text).toBe('hello')
    expect(server.requests.map(({ path }) => path).at(-1)).toBe('/v1/responses/resp_1')
  })

  it.each([
    ['begins with text', [delta(0, 'lo'), completed(1, { output: [] })], 'lo'],
    [
      'begins with the beginning, and ends too soon',
      [created(0), delta(1, 'lo'), completed(2, { output: [] })],
      'hello',
    ],
  ])('and that %s loses nothing after resume(id) with a number from another process', async (_name, events, text) => {
    await using server = await fieldServer([
      (request) =>
        request.path.includes('stream=true') ? streamAnswer(frames(...events)) : jsonAnswer(200, response()),
    ])
    await withClient({ baseURL: server.baseURL, maxRetries: 0 }, async ({ responses }) => {
      const stream = responses.resume('resp_1', { starting_after: 42 })
      expect((await stream.finalResponse()).output_text).toBe(text)
    })
  })
})

describe('a resumed stream with correct numbers', () => {
  it('delivers each event once, even if the endpoint repeats some or all', async () => {
    const all = [created(0), inProgress(1), added(2), delta(3, 'a'), delta(4, 'a'), delta(5, 'a'), completed(6)]
    for (let from = 0; from <= 4; from++) {
      await using server = await fieldServer([broken(...all.slice(0, 5)), streamAnswer(frames(...all.slice(from)))])
      expect((await playStream({ baseURL: server.baseURL }, KEPT)).events).toEqual(all)
    }
  })
})

describe('SequenceGuard', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 30 })
  const numbered = (all: readonly string[]): NumberedEvent[] =>
    all.map((text, number) => ({ type: 'response.output_text.delta', delta: text, sequence_number: number }))

  it('delivers each event once and in order, wherever streams break and resume', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 8 }), (all, breaks) => {
        const events = numbered(all)
        const guard = new SequenceGuard()
        const delivered: NumberedEvent[] = []
        const play = (some: readonly NumberedEvent[]) => {
          for (const event of some) if (guard.judge(event) === 'deliver') delivered.push(event)
        }
        play(events.slice(0, 1))
        for (const [back, until] of breaks) {
          guard.resumed()
          play(events.slice(Math.max(0, delivered.length - back), Math.max(delivered.length, until)))
        }
        guard.resumed()
        play(events.slice(delivered.length))
        expect(delivered).toEqual(events)
      }),
    )
  })

  it('never drops an event that was not delivered under its number', () => {
    fc.assert(
      fc.property(texts, texts, (first, second) => {
        const guard = new SequenceGuard()
        const before = numbered(first)
        for (const event of before) expect(guard.judge(event)).toBe('deliver')
        guard.resumed()
        for (const [number, event] of numbered(second).entries())
          if (guard.judge(event) === 'duplicate') expect(before[number]).toEqual(event)
      }),
    )
  })
})
