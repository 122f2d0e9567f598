import { expect } from 'vitest'
import { textStream } from '../../../src/testing/index.ts'
import { ANSWER, ANSWER_TEXT, BROKEN, FIRST_DELTA, HEARD, send } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'

const KEPT = { background: true, store: true }
const AT = BROKEN.event
const NEXT = ANSWER[AT + 1] ?? {}
/** Every event in front of which a stream can break and be picked up: all but the first, which carries the id. */
const INDEXES = ANSWER.slice(1).map((_, at) => at + 1)
const GAPPED = [...HEARD, ...ANSWER.slice(AT + 1)]
const AGAIN = ANSWER.slice(2, AT)

function dropped(what: string, effect: 'eof' | 'reset' | 'stall'): Case {
  return {
    what,
    faces: ['stream'],
    play: async (stage) => {
      for (const event of INDEXES) {
        stage.plays([{ at: 'before_event', event, effect }, 'ok'])
        stage.expectWhole(await stage.call(KEPT))
      }
      const lookups = stage.requests.filter(({ method }) => method === 'GET')
      expect(lookups.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('starting_after'))).toEqual(
        INDEXES.map((index) => String(index - 1)),
      )
      expect(stage.requests).toHaveLength(2 * INDEXES.length)
    },
  }
}

function refused(status: number): Case {
  return {
    what: `with ${status}`,
    faces: ['stream'],
    endpoint: [{ ...BROKEN, effect: 'reset' }, { at: 'headers', effect: 'status', status }, 'ok'],
    play: async (stage) => {
      const { events, response, error } = await stage.call(KEPT)
      expect(error).toBeUndefined()
      expect(events.slice(0, -1)).toEqual(HEARD)
      expect(events.at(-1)).toMatchObject({ type: 'response.completed' })
      expect(response).toMatchObject({ status: 'completed', output_text: ANSWER_TEXT })
      expect(stage.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'POST /v1/responses',
        expect.stringMatching(/^GET .*\?stream=true/),
        expect.stringMatching(/^GET [^?]*$/),
      ])
    },
  }
}

function interrupted(what: string, effect: 'eof' | 'reset' | 'stall'): Case {
  return {
    what,
    faces: ['create'],
    play: async (stage) => {
      for (const event of INDEXES) {
        stage.plays([{ at: 'before_event', event, effect }, 'ok'])
        stage.expectWhole(await stage.call())
      }
      stage.expectSameBytes()
      expect(stage.requests).toHaveLength(2 * INDEXES.length)
    },
  }
}

/** A stream that is picked up where it broke, or begun again. */
export const RESUME: Chapter = {
  35: {
    title: 'a kept stream drops at every event',
    expectation: 'resumed: each event once, in order',
    cases: [dropped('by EOF', 'eof'), dropped('by a reset', 'reset'), dropped('by silence', 'stall')],
  },
  36: {
    title: 'a resume is refused',
    expectation: 'polled; nothing invented',
    cases: [refused(404), refused(400)],
  },
  37: {
    title: 'events twice, missing, or numbered anew',
    expectation: 'all handed on and told; after a resume duplicates are dropped and gaps resumed',
    cases: [
      {
        // A number alone does not say that an event came before: gateways number anew, and then it is another event.
        what: 'events come twice',
        faces: ['stream', 'create'],
        answer: [...HEARD, ...AGAIN, ...ANSWER.slice(AT)],
        check: (stage) => {
          expect(stage.telemetry).toContainEqual(
            expect.objectContaining({ type: 'event_problem', problem: 'sequence_repeat' }),
          )
        },
      },
      {
        what: 'an event is missing',
        faces: ['stream'],
        answer: GAPPED,
        check: (stage) => {
          expect(stage.telemetry).toContainEqual(
            expect.objectContaining({
              type: 'event_problem',
              problem: 'sequence_gap',
              detail: `${AT - 1} is followed by ${AT + 1}`,
            }),
          )
        },
      },
      {
        // The event after the missing one comes first; a resume brings both.
        what: 'an event is missing from a stream that can be resumed',
        faces: ['stream'],
        body: KEPT,
        endpoint: [[send(AT, NEXT), { ...BROKEN, effect: 'stall' }], 'ok'],
        check: ({ requests }) => expect(requests.map(({ method }) => method)).toEqual(['POST', 'GET']),
      },
    ],
    elsewhere: [['test/responses/stream.test.ts', 'works without sequence numbers']],
  },
  38: {
    title: 'create() is interrupted at every event',
    expectation: 'one correct result',
    cases: [
      interrupted('by EOF', 'eof'),
      interrupted('by a reset', 'reset'),
      interrupted('by silence', 'stall'),
      {
        what: 'and is answered anew: it shows the second answer alone',
        faces: ['create'],
        answer: (request) => textStream({ id: `resp_${request}`, text: `answer ${request}` }),
        endpoint: [{ ...BROKEN, event: FIRST_DELTA + 1, effect: 'reset' }, 'ok'],
        check: (_stage, { response }) => expect(response).toMatchObject({ id: 'resp_2', output_text: 'answer 2' }),
      },
    ],
  },
}
