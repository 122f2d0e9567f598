import { expect } from 'vitest'
import { textStream } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { NOT_FOUND } from '../support/not-found-shapes.ts'
import { fault } from './support/fault.ts'

const ANCHORED = { previous_response_id: 'resp_before', store: true }
const LOST: ReadonlyArray<readonly [what: string, strike: Fault | Fault[]]> = [
  ['silence', { at: 'headers', effect: 'stall' }],
  ['reset', { at: 'headers', effect: 'reset' }],
  ['half closed', { at: 'headers', effect: 'half_close' }],
  ['EOF in the prelude', { at: 'before_event', event: 2, effect: 'eof' }],
  ['503', { at: 'headers', effect: 'status', status: 503 }],
]

for (const [what, strike] of LOST) {
  fault(`57: a continuation meets a fault: ${what}`, {}, async (stage) => {
    stage.server.remember('resp_before')
    stage.server.script([strike, 'ok'])
    stage.expectWhole(await stage.call(ANCHORED))
    const [first, second] = stage.server.requests
    expect(second?.body.equals(first?.body as Buffer)).toBe(true)
    expect(second?.json).toMatchObject(ANCHORED)
  })
}

fault('57: a continuation meets nothing but faults', { options: { maxRetries: 1 } }, async (stage) => {
  stage.server.remember('resp_before')
  stage.server.script([
    { at: 'headers', effect: 'reset' },
    { at: 'headers', effect: 'reset' },
  ])
  const { failure } = await stage.call(ANCHORED)
  expect(failure).toMatchObject({ retryable: true, replaySafety: 'safe', continuity: 'upstream_unavailable' })
  expect(failure?.code).toMatch(/^connection_(?:reset|closed)$/)
})

fault('57: a request with a conversation is not sent twice', {}, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'reset' }])
  const { failure } = await stage.call({ conversation: 'conv_1' })
  expect(failure).toMatchObject({ replaySafety: 'unknown', giveUpReason: 'not_replayable' })
  expect(stage.server.requests).toHaveLength(1)
})

fault('57: a request with a conversation is sent again where it was refused', {}, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'status', status: 503 }, 'ok'])
  stage.expectWhole(await stage.call({ conversation: 'conv_1' }))
})

const rebuilt: unknown[] = []
for (const [what, body] of NOT_FOUND) {
  const inStream = (body as { type?: unknown }).type !== undefined
  const strike: Fault[] = inStream
    ? [
        { at: 'before_event', event: 0, effect: 'event', events: [body as never] },
        { at: 'before_event', event: 0, effect: 'eof' },
      ]
    : [{ at: 'headers', effect: 'status', status: 400, body }]
  fault(`58: a genuine not-found: ${what}`, {}, async (stage) => {
    stage.server.remember('resp_before')
    stage.server.script([strike])
    const { failure, error } = await stage.call(ANCHORED)
    if (stage.face === 'fetch') expect(error).toBeUndefined()
    else expect(failure).toMatchObject({ code: 'previous_response_not_found', name: 'PreviousResponseNotFoundError' })
    expect(stage.server.requests).toHaveLength(1)
  })

  const options = {
    onPreviousResponseNotFound: (context: unknown) => {
      rebuilt.push(context)
      return { model: 'm', input: 'everything', stream: true }
    },
  }
  fault(`58: a genuine not-found: ${what}, and a hook`, { options }, async (stage) => {
    rebuilt.length = 0
    stage.server.remember('resp_before')
    stage.server.script([strike, 'ok'])
    stage.expectWhole(await stage.call(ANCHORED))
    expect(rebuilt).toMatchObject([{ previousResponseId: 'resp_before', reason: 'first_answer' }])
    expect(stage.server.requests.at(-1)?.json).toEqual({ model: 'm', input: 'everything', stream: true })
  })
}

fault('59: not-found right behind a transport failure, and found when asked again', {}, async (stage) => {
  stage.server.remember('resp_before')
  stage.server.script([
    { at: 'headers', effect: 'reset' },
    { at: 'headers', effect: 'status', status: 400, body: NOT_FOUND[0]?.[1] },
    'ok',
  ])
  stage.expectWhole(await stage.call(ANCHORED))
  expect(new Set(stage.server.requests.map(({ body }) => body.toString())).size).toBe(1)
  expect(new Set(stage.server.requests.map(({ connectionNumber }) => connectionNumber)).size).toBe(3)
})

fault('59: not-found right behind a transport failure, twice', {}, async (stage) => {
  const gone: Fault = { at: 'headers', effect: 'status', status: 400, body: NOT_FOUND[0]?.[1] }
  stage.server.remember('resp_before')
  stage.server.script([{ at: 'headers', effect: 'reset' }, gone, gone])
  stage.expectAnswered(await stage.call(ANCHORED), 400)
  expect(stage.server.requests).toHaveLength(3)
})

const TURNS = 17
fault(
  '60: a session is lost in every one of 17 turns',
  { server: { respond: ({ number }) => textStream({ id: `resp_${number}`, text: 'ok' }) } },
  async (stage) => {
    let previous: string | undefined
    for (let turn = 1; turn <= TURNS; turn++) {
      stage.server.script([{ at: 'headers', effect: 'reset' }, 'ok'])
      const { response, error } = await stage.call({
        input: `turn ${turn}`,
        ...(previous === undefined ? {} : { previous_response_id: previous }),
      })
      expect(error).toBeUndefined()
      previous = response?.id as string
    }
    const sizes = stage.server.requests.map(({ json }) => (json as { input: string }).input)
    expect(sizes).toEqual(Array.from({ length: TURNS }, (_, n) => [`turn ${n + 1}`, `turn ${n + 1}`]).flat())
  },
)
