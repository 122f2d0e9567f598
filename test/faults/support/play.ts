import { afterEach, describe, expect, it, vi } from 'vitest'
import { StreamInterruptedError } from '../../../src/index.ts'
import { ANSWER, HEARD } from './acts.ts'
import { FakeStage } from './fake-stage.ts'
import { FACES, type Face, type Outcome } from './outcome.ts'
import type { Case, Chapter, Sees } from './row.ts'
import { SCHEMES, SocketStage } from './socket-stage.ts'
import { matching, type Stage } from './stage.ts'

/** Plays the rows of a chapter over a fake transport, in virtual time, through every face. */
export function playOverFakes(chapter: Chapter): void {
  playAll(chapter, 'fakes', (given) => {
    it.each(given.faces ?? FACES)('over fakes, through %s', async (face) => {
      const stage = new FakeStage(face, given)
      await played(stage, given, () => given.play?.(stage))
    })
  })
}

/** Plays the rows of a chapter over real sockets, HTTP and HTTPS, through every face. */
export function playOverSockets(chapter: Chapter): void {
  afterEach(() => void vi.restoreAllMocks())
  playAll(chapter, 'sockets', (given) => {
    const { schemes = SCHEMES, play } = given.sockets ?? {}
    const runs = schemes.flatMap((scheme) => (given.faces ?? FACES).map((face) => [scheme, face] as const))
    it.each(runs)('over %s, through %s', async (scheme, face) => {
      const stage = await SocketStage.open(scheme, face, given)
      await played(stage, given, () => play?.(stage) ?? given.play?.(stage))
    })
  })
}

function playAll(chapter: Chapter, on: Stage['on'], run: (given: Case) => void): void {
  for (const [number, { title, cases }] of Object.entries(chapter)) {
    const here = cases.filter(({ only }) => only === undefined || only.on === on)
    for (const given of here) {
      describe(`${number}: ${title}${given.what === undefined ? '' : `: ${given.what}`}`, () => run(given))
    }
  }
}

async function played(stage: Stage, given: Case, play: () => Promise<void> | undefined): Promise<void> {
  try {
    await (play() ?? oneCall(stage, given))
    await stage.nothingIsLeft()
  } finally {
    await stage.end()
  }
}

async function oneCall(stage: Stage, given: Case): Promise<void> {
  const { sees = 'answer', codes, decisions, requests, tookMs, check } = given
  const before = stage.clock.now()
  const outcome = await stage.call(given.body)
  const took = stage.clock.now() - before
  const seen = isPerFace(sees) ? sees[stage.face] : sees
  if (seen === undefined) throw new TypeError(`the row does not say what ${stage.face} sees`)
  expectSeen(stage, outcome, seen, answerOf(given))
  const asksAgain = stage.face === 'create' && typeof seen === 'object' && 'interrupted' in seen
  if (codes !== undefined && !asksAgain) expect(stage.codes).toEqual(codes.map(matching))
  if (decisions !== undefined && !asksAgain) expect(stage.decisions).toMatchObject(decisions)
  if (requests !== undefined) expect(stage.requests).toHaveLength(requests)
  if (tookMs !== undefined) {
    const [least, most] = tookMs
    expect(took).toBeGreaterThanOrEqual(least)
    if (stage.on === 'fakes') expect(took).toBeLessThanOrEqual(most)
  }
  await check?.(stage, outcome)
}

function isPerFace(sees: NonNullable<Case['sees']>): sees is Readonly<Partial<Record<Face, Sees>>> {
  return typeof sees === 'object' && FACES.some((face) => face in sees)
}

/** The answer that a caller is to see: that to a second request, where the first is none. */
function answerOf({ answer = ANSWER }: Case) {
  return typeof answer === 'function' ? answer(2) : answer
}

function expectSeen(stage: Stage, outcome: Outcome, sees: Sees, answer: ReturnType<typeof answerOf>): void {
  if (sees === 'answer') {
    stage.expectWhole(outcome, answer)
    return
  }
  if ('error' in sees) {
    const error = stage.expectFailed(outcome, sees.error)
    if (sees.with !== undefined) expect(error).toMatchObject(sees.with)
    return
  }
  if ('status' in sees) {
    stage.expectAnswered(outcome, sees.status)
    return
  }
  if ('interrupted' in sees) {
    if (stage.face === 'create') {
      stage.expectWhole(outcome, answer)
      return
    }
    const error = stage.expectFailed(outcome, sees.interrupted)
    expectInterruption(stage, outcome, error, sees.heard ?? HEARD)
    if (sees.with !== undefined) expect(error).toMatchObject(sees.with)
    return
  }
  if (stage.face !== 'create') expect(outcome.events).toEqual(sees.events)
  if (stage.face === 'fetch') expect(outcome.error).toBeUndefined()
  else expect(outcome.failure).toMatchObject({ code: 'response_failed', upstreamCode: sees.reported })
}

function expectInterruption(
  stage: Stage,
  { events }: Outcome,
  error: unknown,
  heard: readonly Readonly<Record<string, unknown>>[],
): void {
  expect(error).toBeInstanceOf(StreamInterruptedError)
  expect(error).toMatchObject({ giveUpReason: 'committed', phase: 'committed' })
  expect(events).toEqual(heard)
  if (stage.face !== 'stream') return
  const text = heard.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? [delta] : [])).join('')
  expect((error as StreamInterruptedError).partial?.text).toBe(text)
}
