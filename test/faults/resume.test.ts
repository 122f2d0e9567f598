import { expect } from 'vitest'
import { textStream } from '../../src/testing/index.ts'
import { fault } from './support/fault.ts'
import { ANSWER, ANSWER_TEXT, FIRST_DELTA } from './support/stage.ts'

const KEPT = { background: true, store: true }
const BROKEN = { at: 'before_event', event: FIRST_DELTA + 2 } as const
/** Every event in front of which a stream can break and be picked up: behind the first, which carries the id. */
const INDEXES = ANSWER.slice(1).map((_, at) => at + 1)

for (const effect of ['eof', 'reset'] as const) {
  const how = effect === 'eof' ? 'by EOF' : 'by a reset'
  fault(`35: a kept stream drops at every event, ${how}`, { faces: ['stream'] }, async (stage) => {
    for (const event of INDEXES) {
      stage.server.script([{ at: 'before_event', event, effect }, 'ok'])
      stage.expectWhole(await stage.call(KEPT))
    }
    const { byPath } = stage.server.stats.requests
    expect(byPath['/v1/responses']).toBe(INDEXES.length)
    expect(
      stage.server.requests.filter(({ method }) => method === 'GET').map(({ query }) => query.get('starting_after')),
    ).toEqual(INDEXES.map((index) => String(index - 1)))
  })
}

for (const status of [404, 400]) {
  fault(`36: a resume is refused with ${status}`, { faces: ['stream'] }, async (stage) => {
    stage.server.script([{ ...BROKEN, effect: 'reset' }, { at: 'headers', effect: 'status', status }, 'ok'])
    const { events, response, error } = await stage.call(KEPT)
    expect(error).toBeUndefined()
    expect(events.slice(0, -1)).toEqual(ANSWER.slice(0, BROKEN.event))
    expect(events.at(-1)).toMatchObject({ type: 'response.completed' })
    expect(response).toMatchObject({ status: 'completed', output_text: ANSWER_TEXT })
    expect(stage.server.requests.map(({ method, query }) => `${method} ${query}`)).toEqual([
      'POST ',
      expect.stringContaining('GET stream=true'),
      'GET ',
    ])
  })
}

fault('37: events come twice', { faces: ['stream', 'create'] }, async (stage) => {
  const again = ANSWER.slice(2, BROKEN.event)
  stage.server.script([{ ...BROKEN, effect: 'event', events: again }])
  // A number alone does not say that an event came before: gateways number anew, and then it is another event.
  stage.expectWhole(await stage.call(), [...ANSWER.slice(0, BROKEN.event), ...again, ...ANSWER.slice(BROKEN.event)])
})

const GAPPED = [...ANSWER.slice(0, BROKEN.event), ...ANSWER.slice(BROKEN.event + 1)]
fault('37: an event is missing', { faces: ['stream'], server: { respond: () => GAPPED } }, async (stage) => {
  stage.expectWhole(await stage.call(), GAPPED)
  expect(stage.telemetry).toContainEqual(expect.objectContaining({ type: 'event_problem', problem: 'sequence_gap' }))
})

fault('37: an event is missing from a stream that can be resumed', { faces: ['stream'] }, async (stage) => {
  // The event behind the missing one comes first; a resume brings both.
  stage.server.script([[{ ...BROKEN, effect: 'event', events: [ANSWER[BROKEN.event + 1] as never] }], 'ok'])
  stage.expectWhole(await stage.call(KEPT))
  expect(stage.server.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
})

for (const effect of ['eof', 'reset', 'stall'] as const) {
  const how = { eof: 'by EOF', reset: 'by a reset', stall: 'by silence' }[effect]
  fault(`38: create() is interrupted at every event, ${how}`, { faces: ['create'] }, async (stage) => {
    for (const event of INDEXES) {
      stage.server.script([{ at: 'before_event', event, effect }, 'ok'])
      stage.expectWhole(await stage.call())
    }
    expect(stage.codes.length + stage.server.requests.length).toBeGreaterThan(INDEXES.length * 2)
    expect(stage.server.requests).toHaveLength(INDEXES.length * 2)
  })
}

fault(
  '38: create() is answered anew, and shows the second answer alone',
  {
    faces: ['create'],
    server: { respond: ({ number }) => textStream({ id: `resp_${number}`, text: `answer ${number}` }) },
  },
  async (stage) => {
    stage.server.script([{ ...BROKEN, event: FIRST_DELTA + 1, effect: 'reset' }, 'ok'])
    const { response } = await stage.call()
    expect(response).toMatchObject({ id: 'resp_2', output_text: 'answer 2' })
  },
)
