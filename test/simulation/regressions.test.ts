import { expect, test, vi } from 'vitest'
import { type CompactSchedule, complete } from './compact.ts'
import { runSchedule } from './run-seed.ts'
import type { AnswerPlan, EndPlan } from './schedule.ts'

vi.mock('../../src/transport/undici/undici-parts.ts', () => import('./network/undici-parts.ts'))
vi.mock('../../src/transport/undici/connector.ts', () => import('./network/connector.ts'))
vi.mock('../../src/transport/websocket/ws-wire.ts', () => import('./network/ws-wire.ts'))

function stream(end: EndPlan, deltas = 1): AnswerPlan {
  return { kind: 'stream', deltas, keepalives: 0, end }
}

const completed = stream({ how: 'completed' })

/** Schedules that once broke an invariant, each shrunk to what it took. `npm run simulate` prints such lines. */
const FORMER: readonly (readonly [name: string, schedule: CompactSchedule])[] = [
  [
    'a consumer that leaves a stream which broke ends its call',
    {
      calls: [
        {
          face: 'stream',
          restart: true,
          leaveAfter: 3,
          attempts: [
            { perRead: 4, answer: stream({ how: 'failed', code: 'server_is_overloaded', told: 'only', behindMs: 0 }) },
          ],
        },
      ],
    },
  ],
  [
    'a view of a client that was closed takes no calls',
    {
      end: { how: 'close', at: 10 },
      calls: [
        { face: 'create', attempts: [{ firstMs: 60 }] },
        { face: 'stream', at: 20 },
        { face: 'fetch_json', at: 20 },
      ],
    },
  ],
  [
    'a page in the place of a response is an error of ours',
    { calls: [{ face: 'background_create', attempts: [{ answer: { kind: 'status', status: 200, body: 'html' } }] }] },
  ],
  [
    'an empty answer in the place of a response is an error of ours',
    { calls: [{ face: 'background_create', attempts: [{ answer: { kind: 'status', status: 200, body: 'none' } }] }] },
  ],
  [
    'what was not sent before a deadline is safe to repeat',
    {
      client: { timeouts: { staleMs: 1000, ttfbMs: 400 } },
      calls: [{ face: 'background_create', attempts: [{ dial: 'hangs' }] }],
    },
  ],
  [
    'close() lets a stream finish that has to be resumed',
    {
      end: { how: 'close', at: 322 },
      calls: [{ face: 'background', attempts: [{ answer: completed, fault: { after: 1, how: 'fin', afterMs: 708 } }] }],
    },
  ],
  [
    'destroy() ends the pause before a resume',
    {
      end: { how: 'destroy', at: 100 },
      calls: [
        {
          face: 'background',
          attempts: [
            { fault: { after: 1, how: 'reset', afterMs: 0 } },
            { resume: { repeats: 1 }, fault: { after: 1, how: 'reset', afterMs: 0 } },
          ],
        },
      ],
    },
  ],
  [
    'a call that a closed client refuses leaves no listener',
    { end: { how: 'destroy', at: 16 }, calls: [{ face: 'background_create', at: 92 }] },
  ],
  [
    'an error answer too large to be held is no response',
    {
      client: { limits: { preludeBytes: 1 } },
      calls: [
        {
          face: 'background_create',
          attempts: [{ answer: { kind: 'status', status: 400, body: 'json', code: 'invalid_prompt' } }],
        },
      ],
    },
  ],
  [
    'a deadline behind an error event does not overrule it',
    {
      client: { timeouts: { idleMs: 60 } },
      calls: [
        {
          face: 'stream',
          attempts: [
            { answer: stream({ how: 'failed', code: 'insufficient_quota', told: 'before_failed', behindMs: 1000 }, 0) },
          ],
        },
      ],
    },
  ],
  [
    'a hint behind an error event is kept, whatever deadline comes first',
    {
      client: { timeouts: { progressMs: 500 } },
      calls: [
        {
          face: 'create',
          attempts: [
            {
              answer: stream(
                { how: 'failed', code: 'rate_limit_exceeded', told: 'before_failed', hintMs: 350, behindMs: 1000 },
                0,
              ),
            },
          ],
        },
      ],
    },
  ],
  [
    'totalMs ends a background stream for good',
    {
      client: { timeouts: { totalMs: 1000 } },
      calls: [{ face: 'background', attempts: [{ answer: completed, fault: { after: 5, how: 'stall', afterMs: 0 } }] }],
    },
  ],
  [
    'commitAfterMs that passed before the first event gives no deadline more time',
    {
      client: { timeouts: { staleMs: 4000 }, commitAfterMs: 300 },
      calls: [{ face: 'upgraded', attempts: [{ gapMs: 1001, perRead: 4, answer: completed }] }],
    },
  ],
  [
    'a resume that ends by totalMs does not claim that its retries are exhausted',
    {
      client: { timeouts: { totalMs: 1000 } },
      calls: [
        {
          face: 'background',
          attempts: [{ gapMs: 400, answer: completed, fault: { after: 1, how: 'reset', afterMs: 0 } }],
        },
      ],
    },
  ],
  [
    'what follows an error event is read though the consumer does not read',
    {
      calls: [
        {
          face: 'stream',
          pauses: [
            { after: 6, ms: 1500 },
            { after: 7, ms: 30_000 },
          ],
          attempts: [
            {
              gapMs: 0,
              perRead: 0,
              answer: stream(
                { how: 'failed', code: 'server_error', told: 'before_failed', vague: true, behindMs: 990 },
                2,
              ),
            },
          ],
        },
      ],
    },
  ],
  [
    'what a resumed stream says again is read on behind',
    {
      views: [{ limits: { preludeBytes: 1 } }, {}],
      calls: [
        {
          face: 'background',
          view: 0,
          pauses: [{ after: 6, ms: 30_000 }],
          attempts: [
            { answer: completed, fault: { after: 3, how: 'stall', afterMs: 0 } },
            { answer: completed, fault: { after: 3, how: 'fin', afterMs: 0 } },
            {
              answer: stream({ how: 'failed', code: 'server_is_overloaded', told: 'before_failed', behindMs: 999 }, 0),
              perRead: 0,
              resume: { repeats: 2 },
            },
          ],
        },
      ],
    },
  ],
  [
    'a client that is being closed waits for the second resume of a response',
    {
      seed: 40007375,
      end: { how: 'close', at: 2724 },
      calls: [
        {
          face: 'background',
          attempts: [
            { answer: completed, fault: { after: 1, how: 'stall', afterMs: 0 } },
            {
              answer: stream({ how: 'failed', code: 'insufficient_quota', told: 'only', behindMs: 1001 }, 0),
              resume: { skips: 2 },
            },
          ],
        },
      ],
    },
  ],
  [
    'an endpoint that refuses its probe is alive, so its next cool-down is the first again',
    {
      seed: 40004488,
      client: { pool: { weights: [1, 1], endpointOfMs: 0 } },
      endpoints: [
        { connectMs: 0, restarts: [{ at: 39, downMs: 3000, how: 'reset', losesState: true }] },
        { connectMs: 0, restarts: [] },
      ],
      end: { how: 'destroy' },
      calls: [
        {
          id: 1,
          face: 'background',
          continuation: true,
          attempts: [
            { answer: stream({ how: 'incomplete' }), dial: { afterMs: 20, fails: 'ENOTFOUND' } },
            {},
            {},
            {},
            {},
            { answer: completed, send: 'stalls' },
          ],
        },
        {
          id: 6,
          face: 'stream',
          attempts: [
            { answer: stream({ how: 'incomplete' }), send: 'stalls' },
            { answer: completed, dial: 'hangs' },
            { answer: completed, fault: { after: 0, how: 'bad_chunk', afterMs: 0 } },
            { answer: { kind: 'status', status: 200, body: 'html', hintAs: 'retry-after' } },
            {
              answer: stream(
                { how: 'failed', code: 'insufficient_quota', told: 'before_failed', vague: true, behindMs: 1000 },
                0,
              ),
            },
            { answer: completed, fault: { after: 0, how: 'garbage', afterMs: 0 } },
          ],
        },
      ],
    },
  ],
  [
    'sockets whose time is over do not make their endpoint cool down',
    {
      client: { webSocket: {}, pool: { weights: [1000, 1] } },
      endpoints: [
        { connectMs: 0, restarts: [], sockets: { limitMs: 50 } },
        { connectMs: 0, restarts: [] },
      ],
      calls: Array.from({ length: 3 }, () => ({
        face: 'stream' as const,
        attempts: [{ send: { pieces: 2, everyMs: 60 }, errorForm: 'without_status' as const }],
      })),
    },
  ],
  [
    'a resume whose stream breaks inside its first event is sent again',
    {
      seed: 703654,
      endpoints: Array.from({ length: 3 }, () => ({ connectMs: 0, restarts: [], sockets: {} })),
      calls: [
        {
          face: 'background',
          attempts: [
            { answer: completed, fault: { after: 1, how: 'reset', afterMs: 0 } },
            { answer: completed, fault: { after: 0, how: 'truncated', afterMs: 0 } },
          ],
        },
      ],
    },
  ],
  [
    'a request whose conversation the caller rebuilt away is sent again after a message that was never taken',
    {
      seed: 703213,
      client: { hook: 'rebuild', pool: { weights: [30, 1, 1] }, webSocket: {} },
      endpoints: [
        { connectMs: 0, restarts: [], sockets: {} },
        { connectMs: 0, restarts: [], sockets: {} },
        { connectMs: 0, restarts: [] },
      ],
      end: { how: 'destroy' },
      calls: [
        {
          id: 1,
          face: 'create',
          continuation: true,
          conversation: true,
          attempts: [{ answer: completed, send: 'stalls' }],
        },
      ],
    },
  ],
  [
    'a late event of an earlier response is no part of one that waits for its end after an error',
    {
      client: { webSocket: {} },
      endpoints: [{ connectMs: 0, restarts: [], sockets: {} }],
      calls: [
        { id: 4, face: 'fetch_stream', attempts: [{ answer: completed, late: { afterMs: 40, what: 'delta' } }] },
        {
          id: 5,
          face: 'fetch_stream',
          follows: { call: 4, afterMs: 0, by: 'history' },
          attempts: [{ answer: stream({ how: 'failed', code: 'server_error', told: 'only', behindMs: 0 }) }],
        },
      ],
    },
  ],
  [
    'a dead socket gives its place up to a call over HTTP',
    {
      client: { maxConnections: 1, webSocket: {} },
      endpoints: [{ connectMs: 0, restarts: [], sockets: { deaf: true } }],
      calls: [
        { id: 7, face: 'fetch_stream' },
        { id: 8, face: 'stream', follows: { call: 7, afterMs: 40_000, by: 'history' } },
      ],
    },
  ],
  [
    'an attempt is cut at its time while its last event waits for a reader that pauses',
    {
      client: { webSocket: {} },
      views: [{ timeouts: { connectMs: 100, ttfbMs: 0, idleMs: 900, staleMs: 1000 } }],
      endpoints: [{ connectMs: 0, restarts: [], sockets: {} }],
      calls: [
        {
          face: 'stream',
          view: 0,
          restart: true,
          pauses: [{ after: 1, ms: 200 }],
          attempts: [{ headMs: 785, gapMs: 8, answer: stream({ how: 'incomplete' }) }],
        },
      ],
    },
  ],
  [
    'the age of a socket is no answer to a call whose time is over',
    {
      seed: 2128726,
      client: { timeouts: { totalMs: 6000 }, webSocket: {} },
      views: [{}, {}],
      endpoints: [
        { connectMs: 0, restarts: [], sockets: { limitMs: 500 } },
        { connectMs: 0, restarts: [], sockets: {} },
      ],
      stalls: [
        { at: 9888, ms: 10000 },
        { at: 40, ms: 10000 },
      ],
      calls: [
        { id: 3, face: 'fetch_stream', at: 9 },
        { id: 8, face: 'upgraded', of: 3 },
      ],
    },
  ],
  [
    'a rebuilt request goes to the endpoint where the first one failed only after the others',
    {
      seed: 2021616,
      client: {
        retry: { baseDelayMs: 0, maxDelayMs: 200, maxHintMs: 60000 },
        hook: 'rebuild',
        pool: { weights: [30, 1] },
        webSocket: {},
      },
      endpoints: [
        { connectMs: 0, restarts: [], sockets: {}, fails: { at: 493, ms: 90000 } },
        { connectMs: 0, restarts: [] },
      ],
      end: { how: 'destroy' },
      calls: [
        { id: 5, face: 'fetch_stream', of: 4 },
        { id: 6, face: 'upgraded', store: false, follows: { call: 5, afterMs: 0, by: 'id' } },
        {
          id: 7,
          face: 'stream',
          follows: { call: 6, afterMs: 0, by: 'id' },
          attempts: [
            {
              answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } },
              fault: { after: 0, how: 'fin', afterMs: 0 },
            },
          ],
        },
      ],
    },
  ],
  [
    'an answer to an early attempt ends a row of failures',
    {
      seed: 2030177,
      client: { maxRetries: 1, timeouts: { ttfbMs: 100 }, pool: { weights: [30, 1] }, webSocket: {} },
      views: [{}, {}],
      endpoints: [
        { connectMs: 0, restarts: [], sockets: {}, fails: { at: 28, ms: 4000 } },
        { connectMs: 0, restarts: [] },
      ],
      calls: [
        {
          face: 'fetch_json',
          attempts: [{ gapMs: 3999, answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'incomplete' } } }],
        },
        { id: 3, face: 'retrieve', of: 0, at: 4821 },
        { id: 4, face: 'create', follows: { call: 3, afterMs: 0, by: 'history' } },
        {
          id: 5,
          face: 'fetch_stream',
          follows: { call: 4, afterMs: 40000, by: 'id' },
          attempts: [
            {
              answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } },
              fault: { after: 0, how: 'comments', afterMs: 0 },
            },
          ],
        },
        {
          id: 7,
          face: 'create',
          follows: { call: 3, afterMs: 0, by: 'id' },
          attempts: [
            { answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'incomplete' } }, dial: 'hangs' },
            { firstMs: 1999, answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } } },
            { firstMs: 400, answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } } },
          ],
        },
        { id: 11, face: 'create', at: 159, store: false },
        { id: 12, face: 'fetch_stream', at: 159, store: false },
        { id: 13, face: 'create', at: 159, store: false },
      ],
    },
  ],
  [
    'a first attempt that waited while hedges were sent may take a connection that was used',
    {
      seed: 2055814,
      client: { maxConnections: 1, hedge: true, pool: { weights: [30, 1] } },
      views: [{}, {}],
      endpoints: [
        { connectMs: 0, restarts: [] },
        { connectMs: 0, restarts: [], sockets: {} },
      ],
      end: { how: 'destroy' },
      calls: [
        {
          face: 'background',
          pauses: [
            { after: 7, ms: 30000 },
            { after: 3, ms: 30000 },
          ],
        },
        {
          id: 9,
          face: 'create',
          attempts: [
            {
              answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } },
              fault: { after: 0, how: 'fin', afterMs: 0 },
            },
          ],
        },
      ],
    },
  ],
  [
    'a probe that is refused with a wish for a retry is a failure',
    {
      seed: 2075157,
      client: { pool: { weights: [30, 1, 1], endpointOfMs: 20 } },
      endpoints: [
        { connectMs: 0, restarts: [] },
        { connectMs: 0, restarts: [], sockets: {} },
        { connectMs: 0, restarts: [], sockets: {} },
      ],
      end: { how: 'destroy' },
      calls: [
        {
          id: 6,
          face: 'background',
          attempts: [
            {
              gapMs: 4000,
              answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } },
              fault: { after: 1, how: 'reset', afterMs: 0 },
            },
            { answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } }, resume: { skips: 1 } },
            {
              answer: {
                kind: 'status',
                status: 401,
                body: 'json',
                code: 'invalid_api_key',
                hintAs: 'retry-after-ms',
                shouldRetry: true,
              },
            },
          ],
        },
        {
          id: 10,
          face: 'create',
          continuation: true,
          attempts: [
            {
              answer: { kind: 'stream', deltas: 1, keepalives: 0, end: { how: 'completed' } },
              fault: { after: 0, how: 'end', afterMs: 0, closeCode: 1012 },
            },
            { answer: { kind: 'status', status: 500, body: 'json', hintAs: 'message' } },
          ],
        },
      ],
    },
  ],
]

test.each(FORMER)('%s', async (_name, schedule) => {
  const { violations, callers } = await runSchedule(complete(schedule))
  expect(violations).toEqual([])
  expect(callers.map(({ outcome }) => outcome)).not.toContain(undefined)
})
