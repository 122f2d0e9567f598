import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type CallFacts, isIdSecret, toError } from '../../src/call/to-error.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../src/errors/catalog.ts'
import type { AttemptRecord, Continuity, DeadlineInfo, UpstreamError } from '../../src/errors/errors.ts'
import { failure } from '../../src/errors/failure.ts'

const RECORD: AttemptRecord = {
  attempt: 1,
  outcome: 'failed',
  phase: 'waiting',
  generation: 1,
  connectionReused: false,
  startedAtMs: 0,
  endedAtMs: 5,
}
const FACTS: CallFacts = {
  attempts: [],
  giveUpReason: undefined,
  replaySafety: 'unknown',
  responseStarted: true,
  phase: 'prelude',
  continuation: false,
  committed: false,
  lastSequenceNumber: undefined,
}
const DEADLINE: DeadlineInfo = { name: 'idle', ms: 5, source: 'option' }
const CODES = Object.keys(ERROR_CATALOG) as ErrorCode[]

const CLASS_OF_FAMILY = {
  deadline: 'DeadlineError',
  connection: 'ConnectionError',
  protocol: 'ProtocolError',
  upstream: 'UpstreamError',
  request: 'RequestError',
  closed: 'ClientClosedError',
} as const

/** Codes whose class says more than that of their family. */
const CLASS_OF_CODE: Partial<Record<ErrorCode, string>> = {
  stream_incomplete: 'StreamInterruptedError',
  previous_response_not_found: 'PreviousResponseNotFoundError',
  state_not_portable: 'StateNotPortableError',
}

/** All that end a call by the clock: nothing is wrong with the request. */
const TIMES_OF_CALL: readonly ErrorCode[] = ['total_timeout', 'before_commit_timeout', 'queue_timeout']

describe.each(CODES)('a failure of the code %s', (code) => {
  const { family, lane, meaning } = ERROR_CATALOG[code]

  it('becomes the error of its family, with the facts of the call', () => {
    const error = toError(failure(code), FACTS)
    expect(error.name).toBe(CLASS_OF_CODE[code] ?? CLASS_OF_FAMILY[family])
    expect(error).toMatchObject({ code, replaySafety: 'unknown', responseStarted: true, phase: 'prelude' })
    expect(error.message).toBe(meaning)
    expect(error.continuity).toBeUndefined()
    expect((error.cause as Error | undefined)?.message).toBe(family === 'upstream' ? undefined : meaning)
  })

  it('after the commit is an interruption, unless the endpoint reported it', () => {
    const error = toError(failure(code, undefined, { deadline: DEADLINE }), {
      ...FACTS,
      committed: true,
      lastSequenceNumber: 7,
    })
    if (family === 'upstream') expect(error.name).toBe(CLASS_OF_CODE[code] ?? 'UpstreamError')
    else {
      expect(error.name).toBe('StreamInterruptedError')
      expect(error).toMatchObject({ lastSequenceNumber: 7, deadline: DEADLINE })
    }
    expect(error.message).toBe(`${meaning} (output was already handed over, so the call was not retried)`)
  })

  it('is retryable if it has a lane, or if only the time was over', () => {
    const mayHeal = lane === 'connection' || lane === 'pushback'
    const expected = code !== 'client_closed' && (mayHeal || TIMES_OF_CALL.includes(code))
    expect(toError(failure(code), FACTS).retryable).toBe(expected)
  })

  it('of a call that continues a response says what that means for the conversation', () => {
    const cut: readonly ErrorCode[] = ['stream_incomplete', 'body_truncated', 'malformed_event']
    const expected: Continuity | undefined =
      family === 'request' || family === 'closed' || code === 'previous_response_not_found'
        ? undefined
        : cut.includes(code)
          ? 'stream_incomplete'
          : 'upstream_unavailable'
    expect(toError(failure(code), { ...FACTS, continuation: true }).continuity).toBe(expected)
    const late = toError(failure(code, undefined, { deadline: DEADLINE }), { ...FACTS, continuation: true })
    expect(late.continuity).toBe(code === 'previous_response_not_found' ? undefined : 'upstream_request_timeout')
  })
})

describe('the history', () => {
  it.each([
    [[], undefined, ''],
    [[RECORD], undefined, ''],
    [[RECORD], 'retries_exhausted', ' (1 attempt, gave up: retries_exhausted)'],
    [[RECORD, RECORD], 'budget_exhausted', ' (2 attempts, gave up: budget_exhausted)'],
    [[], 'not_retryable', ' (0 attempts, gave up: not_retryable)'],
  ] as const)('of %j and %s ends the message', (attempts, giveUpReason, expected) => {
    const error = toError(failure('connection_reset', 'It broke.'), { ...FACTS, attempts, giveUpReason })
    expect(error.message).toBe(`It broke.${expected}`)
    expect(error.giveUpReason).toBe(giveUpReason)
  })

  it('of a face that can take its output back says why it stopped, and not that output was handed over', () => {
    const told = (giveUpReason: CallFacts['giveUpReason']) =>
      toError(failure('connection_reset', 'It broke.'), {
        ...FACTS,
        attempts: [RECORD, RECORD, RECORD],
        committed: true,
        giveUpReason,
      }).message
    expect(told('retries_exhausted')).toBe('It broke. (3 attempts, gave up: retries_exhausted)')
    expect(told('budget_exhausted')).toBe('It broke. (3 attempts, gave up: budget_exhausted)')
    for (const reason of ['committed', undefined] as const)
      expect(told(reason)).toBe('It broke. (output was already handed over, so the call was not retried)')
  })

  it('is a copy, with the ids of the answers', () => {
    const attempts = [
      { ...RECORD, requestId: 'req_1' },
      { ...RECORD, attempt: 2 },
      { ...RECORD, attempt: 3, requestId: 'req_3' },
    ]
    const error = toError(failure('connection_reset'), { ...FACTS, attempts })
    attempts.pop()
    expect(error.attempts).toHaveLength(3)
    expect(error.requestIds).toEqual(['req_1', 'req_3'])
  })
})

describe('what a failure knows', () => {
  it('of the endpoint is on the error', () => {
    const said = { status: 429, upstreamCode: 'slow_down', upstreamMessage: 'Not now.', responseId: 'resp_1' }
    const headers = [
      ['x-request-id', 'req_1'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['__proto__', 'x'],
    ] as const
    const known = {
      ...said,
      upstreamType: 'overload',
      upstreamParam: 'model',
      hintMs: 1500,
      answer: { headers, body: 'text' },
    }
    const words = { ...said, type: 'overload', param: 'model', body: 'text' }
    const { hintMs: retryAfterMs } = known
    expect(toError(failure('http_status', undefined, known), FACTS)).toMatchObject({ ...words, retryAfterMs })
    expect(toError(failure('previous_response_not_found', undefined, known), FACTS)).toMatchObject(words)
    const error = toError(failure('http_status', undefined, known), FACTS) as UpstreamError
    expect(error.cause).toBeUndefined()
    expect({ ...error.headers }).toEqual(
      Object.fromEntries([...headers.slice(0, 1), ['set-cookie', 'a=1, b=2'], ['__proto__', 'x']]),
    )
    expect(inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)).not.toMatch(
      /set-cookie|a=1|"text"|'text'/,
    )
  })

  it('of a refused parameter is on the error, and its advice in the message', () => {
    const unsupported = { parameter: 'store', advice: 'Leave it out.' }
    const error = toError(failure('unsupported_by_endpoint', 'It says no.', { status: 400, unsupported }), FACTS)
    expect(error).toMatchObject({ name: 'UnsupportedByEndpointError', parameter: 'store', status: 400 })
    expect(error.message).toBe('It says no. Leave it out.')
  })

  it('of a deadline is on the error', () => {
    expect(toError(failure('idle_timeout', undefined, { deadline: DEADLINE }), FACTS)).toMatchObject({
      deadline: DEADLINE,
    })
  })

  it('of the system is the end of the chain', () => {
    const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
    const { cause: end } = toError(failure('connection_reset', undefined, { cause }), FACTS)
    expect(end).toMatchObject({ message: 'read ECONNRESET', code: 'ECONNRESET', syscall: 'read' })
    expect(end).not.toBe(cause)
  })
})

describe('the id of a response', () => {
  it('is secret only if a secret of the request is part of it', () => {
    expect(isIdSecret('resp_hunter2hunter2', ['hunter2hunter2'])).toBe(true)
    expect(isIdSecret('resp_1', ['hunter2hunter2'])).toBe(false)
    expect(isIdSecret('resp_1')).toBe(false)
    expect(isIdSecret(undefined, ['hunter2hunter2'])).toBe(false)
  })

  it('is not printed if it is secret', () => {
    const facts = (hidesResponseId: boolean) =>
      inspect(toError(failure('connection_reset', undefined, { responseId: 'resp_1' }), { ...FACTS, hidesResponseId }))
    expect(facts(false)).toContain('resp_1')
    expect(facts(true)).not.toContain('resp_1')
  })
})
