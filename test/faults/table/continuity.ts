import { expect } from 'vitest'
import type { ResilientClientOptions } from '../../../src/index.ts'
import { type JsonObject, textStream } from '../../../src/testing/index.ts'
import { NOT_FOUND } from '../../support/not-found-shapes.ts'
import { type Act, RESET, SILENT, said, status } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'

const ANCHORED = { previous_response_id: 'resp_before', store: true }
const CONVERSATION = { conversation: 'conv_1' }
const BACKGROUND = { background: true, store: true }
const GONE = /^connection_(?:reset|closed)$/
const REFUSED: Act = { connect: 'ECONNREFUSED' }

/** The endpoint does not know the response, in the first of the shapes. */
const FORGOTTEN = status(400, {}, NOT_FOUND[0]?.[1])

const LOST: Readonly<Record<string, Act>> = {
  'nobody listens': REFUSED,
  silence: SILENT,
  reset: RESET,
  'half closed': { at: 'headers', effect: 'half_close' },
  'EOF in the prelude': { at: 'before_event', event: 2, effect: 'eof' },
  503: status(503),
}

function sentAgain(what: string, body: JsonObject, failure: Act, options: ResilientClientOptions = {}): Case {
  const faces = body.background === true ? (['stream', 'fetch'] as const) : undefined
  return {
    what: `${what}: sent again`,
    body,
    options,
    ...(faces && { faces }),
    endpoint: [failure, 'ok'],
    check: (stage) => stage.expectSameBytes(),
  }
}

function sentOnce(what: string, body: JsonObject, failure: Act): Case {
  const answered = typeof failure === 'object' && 'status' in failure ? failure.status : undefined
  return {
    what: `${what}: not sent again`,
    body,
    endpoint: [failure],
    requests: 1,
    sees:
      answered === undefined
        ? { error: GONE, with: { replaySafety: 'unknown', giveUpReason: 'not_replayable', retryable: true } }
        : { status: answered },
  }
}

const rebuilt: unknown[] = []
const rebuilds: ResilientClientOptions = {
  onPreviousResponseNotFound: (context) => {
    rebuilt.push(context)
    return { model: 'm', input: 'everything', stream: true }
  },
}

/** How an endpoint says that it does not know the response: with an answer, or inside a stream. */
function forgotten(body: object): Act {
  return 'type' in body && typeof body.type === 'string' ? said(0, { ...body }) : status(400, {}, body)
}

function notFound(what: string, body: object): Case[] {
  return [
    {
      what,
      body: ANCHORED,
      endpoint: [forgotten(body)],
      play: async (stage) => {
        const { failure, error } = await stage.call(ANCHORED)
        if (stage.face === 'fetch') expect(error).toBeUndefined()
        else
          expect(failure).toMatchObject({ code: 'previous_response_not_found', name: 'PreviousResponseNotFoundError' })
        expect(stage.requests).toHaveLength(1)
      },
    },
    {
      what: `${what}, and a hook`,
      options: rebuilds,
      endpoint: [forgotten(body), 'ok'],
      play: async (stage) => {
        rebuilt.length = 0
        stage.expectWhole(await stage.call(ANCHORED))
        expect(rebuilt).toMatchObject([{ previousResponseId: 'resp_before', reason: 'first_answer' }])
        expect(stage.requests.at(-1)?.json).toEqual({ model: 'm', input: 'everything', stream: true })
      },
    },
  ]
}

const TURNS = 17

/** Requests that build on what came before. */
export const CONTINUITY: Chapter = {
  57: {
    title: 'a fault under a continuation',
    expectation: 'the same bytes again; what may double a turn is not repeated',
    cases: [
      ...Object.entries(LOST).map(([what, failure]) => sentAgain(what, ANCHORED, failure)),
      {
        what: 'nothing but faults',
        options: { maxRetries: 1 },
        body: ANCHORED,
        endpoint: [RESET, RESET],
        sees: {
          error: GONE,
          with: { retryable: true, replaySafety: 'safe', continuity: 'upstream_unavailable' },
        },
        check: (stage) => stage.expectSameBytes(),
      },
      {
        what: 'nothing but 503',
        options: { maxRetries: 1 },
        body: ANCHORED,
        endpoint: [status(503), status(503)],
        sees: { status: 503 },
        check: ({ face }, { failure }) => {
          if (face !== 'fetch') expect(failure).toMatchObject({ retryable: true, continuity: 'upstream_unavailable' })
        },
      },
      sentAgain('a conversation that was not sent', CONVERSATION, REFUSED),
      sentOnce('a conversation that was sent and not answered', CONVERSATION, RESET),
      sentAgain('a conversation that was refused', CONVERSATION, status(429)),
      sentOnce('a conversation that failed', CONVERSATION, status(500)),
      sentAgain('a conversation, with retryUnknown', CONVERSATION, RESET, { retryUnknown: true }),
      sentAgain('a background response that was not sent', BACKGROUND, REFUSED),
      sentOnce('a background response that was sent and not answered', BACKGROUND, RESET),
      sentAgain('a background response that was refused', BACKGROUND, status(503)),
      sentOnce('a background response that failed', BACKGROUND, status(502)),
      sentAgain('a background response, with retryUnknown', BACKGROUND, RESET, { retryUnknown: true }),
    ],
  },
  58: {
    title: 'a genuine not-found, in every shape',
    expectation: 'one classifier; the hook once; then it surfaces',
    cases: [
      ...NOT_FOUND.flatMap(([what, body]) => notFound(what, body)),
      {
        what: 'again after the hook',
        body: ANCHORED,
        options: rebuilds,
        endpoint: [FORGOTTEN, FORGOTTEN],
        sees: { status: 400 },
        requests: 2,
      },
    ],
  },
  59: {
    title: 'not-found right after a transport failure',
    expectation: 'asked once more, then it surfaces',
    cases: [
      {
        what: 'and found when asked again',
        body: ANCHORED,
        endpoint: [RESET, FORGOTTEN, 'ok'],
        decisions: [{}, { code: 'previous_response_not_found', retry: true, transparent: true }],
        check: (stage) => {
          stage.expectSameBytes()
          expect(new Set(stage.requests.map(({ connection }) => connection)).size).toBe(3)
        },
      },
      {
        what: 'inside the stream, and found when asked again',
        body: ANCHORED,
        endpoint: [
          RESET,
          said(0, {
            type: 'response.failed',
            sequence_number: 0,
            response: { id: 'r', status: 'failed', error: { code: 'previous_response_not_found', message: 'gone' } },
          }),
          'ok',
        ],
        check: (stage) => stage.expectSameBytes(),
      },
      {
        what: 'twice',
        body: ANCHORED,
        endpoint: [RESET, FORGOTTEN, FORGOTTEN],
        sees: { status: 400 },
        requests: 3,
        check: ({ face }, { text }) => {
          if (face === 'fetch') expect(JSON.parse(text ?? '')).toEqual(NOT_FOUND[0]?.[1])
        },
      },
      {
        what: 'twice, and then the hook',
        options: rebuilds,
        endpoint: [RESET, FORGOTTEN, FORGOTTEN, 'ok'],
        play: async (stage) => {
          rebuilt.length = 0
          stage.expectWhole(await stage.call(ANCHORED))
          expect(rebuilt).toMatchObject([{ reason: 'after_transport_failure' }])
        },
      },
    ],
  },
  60: {
    title: 'a session is lost in every one of 17 turns',
    expectation: 'no turn sends more than its own input',
    cases: [
      {
        answer: (request) => textStream({ id: `resp_${request}`, text: 'ok' }),
        play: async (stage) => {
          let previous: string | undefined
          for (let turn = 1; turn <= TURNS; turn++) {
            stage.plays([RESET, 'ok'])
            const { response, error } = await stage.call({
              input: `turn ${turn}`,
              ...(previous !== undefined && { previous_response_id: previous }),
            })
            expect(error).toBeUndefined()
            previous = String(response?.id)
          }
          const inputs = stage.requests.map(({ json }) => json).map((json) => (json as { input: string }).input)
          expect(inputs).toEqual(Array.from({ length: TURNS }, (_, n) => [`turn ${n + 1}`, `turn ${n + 1}`]).flat())
        },
      },
    ],
  },
}
