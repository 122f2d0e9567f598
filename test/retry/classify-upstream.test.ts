import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifyUpstream } from '../../src/retry/classify-upstream.ts'
import { errorFieldsOf, statusNamedBy, type UpstreamErrorFields } from '../../src/retry/error-fields.ts'

interface Said extends UpstreamErrorFields {
  readonly status?: number | undefined
  readonly shouldRetry?: string
  readonly secrets?: readonly string[]
}

function classify({ status, shouldRetry, secrets = [], ...error }: Said) {
  return classifyUpstream({
    status,
    error: Object.keys(error).length === 0 ? undefined : error,
    header: (name) => (name === 'x-should-retry' ? shouldRetry : undefined),
    wallNow: 0,
    secrets,
  })
}
function inStream(event: unknown) {
  const error = errorFieldsOf(event)
  return classifyUpstream({ status: undefined, error, header: () => undefined, wallNow: 0, secrets: [] })
}
const PLAIN = { status: 500, error: undefined, header: () => undefined, wallNow: 0, secrets: [] }
const laneOf = (said: Said) => classify(said).lane ?? 'final'

const PUSHBACK_STATUSES = [
  408, 409, 425, 429, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530,
  561, 598, 599, 600, 999,
]
const FINAL_STATUSES = [400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 301, 302, 307]
const PUSHBACK_CODES = [
  'server_error',
  'internal_error',
  'internal_server_error',
  'server_is_overloaded',
  'overloaded',
  'overloaded_error',
  'service_unavailable',
  'slow_down',
  'vector_store_timeout',
  'rate_limit_exceeded',
  'rate_limit_error',
  'rate_limited',
  'too_many_requests',
  'ThrottlingException',
  'com.amazon.coral.service#ThrottlingException',
  'InternalServerException',
  'ServiceUnavailableException',
]
const FINAL_CODES = [
  'context_length_exceeded',
  'invalid_prompt',
  'data_residency_mismatch',
  'invalid_image',
  'invalid_image_format',
  'image_too_large',
  'image_parse_error',
  'empty_image_file',
  'unsupported_image_media_type',
  'invalid_base64_image',
  'failed_to_download_image',
]
/** By their making, and only where the server itself did not fail. */
const MADE_FINAL_CODES = [
  'invalid_api_key',
  'model_not_found',
  'previous_response_not_found',
  'unsupported_parameter',
  'unsupported_value',
  'invalid_value',
  'invalid_encrypted_content',
  'invalid_prompt_2',
  'string_above_max_length',
  'array_below_min_length',
  'content_filter',
  'missing_required_parameter',
  'unknown_parameter',
  'model_not_supported',
  'input_too_long',
  'ValidationException',
  'com.amazon.coral.service#AccessDeniedException',
  'ResourceNotFoundException',
  'DeploymentNotFound',
]
/** Labels of every answer of 4xx: they name no cause. */
const ERROR_CLASSES = [
  'invalid_request_error',
  'invalid_request',
  'bad_request',
  'BadRequestError',
  'authentication_error',
  'permission_error',
  'not_found_error',
  'unprocessable_entity_error',
  'validation_error',
]
const QUOTA_AND_POLICY_CODES = [
  'insufficient_quota',
  'usage_limit_reached',
  'usage_not_included',
  'credit_balance_exhausted',
  'project_spend_limit_exceeded',
  'organization_usage_limit_exceeded',
  'content_policy_violation',
  'cyber_policy',
  'bio_policy_refusal',
  'insufficient_quota_soon',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  'account_deactivated',
  'organization_suspended',
  'quota_exceeded',
  'insufficient_credits',
  'insufficient_balance',
  'payment_required',
  'ServiceQuotaExceededException',
]
const UNKNOWN_CODES = [
  'something_new',
  'my_rate',
  'images',
  'not_invalid_prompt',
  'unknown_error',
  'upstream_not_found',
  'invalid_upstream_response',
  'invalid_response',
  'load_balancer_error',
  'billing_service_unavailable',
  'credential_rotation',
  '500',
]

describe('what the endpoint itself reports', () => {
  it.each(PUSHBACK_STATUSES)('is retried after a pause for status %i, if nothing else is said', (status) => {
    expect(laneOf({ status })).toBe('pushback')
    for (const code of UNKNOWN_CODES) expect([code, laneOf({ status, code })]).toEqual([code, 'pushback'])
    for (const type of UNKNOWN_CODES) expect([type, laneOf({ status, type })]).toEqual([type, 'pushback'])
  })

  it.each(FINAL_STATUSES)('is final for status %i, if nothing else is said', (status) => {
    expect(laneOf({ status })).toBe('final')
    for (const code of UNKNOWN_CODES) expect([code, laneOf({ status, code })]).toEqual([code, 'final'])
  })

  it('is retried inside a stream without a code, or with an unknown one', () => {
    expect(laneOf({})).toBe('pushback')
    for (const code of UNKNOWN_CODES) expect(laneOf({ code })).toBe('pushback')
    expect(laneOf({ message: 'sorry' })).toBe('pushback')
  })

  it.each([
    ...PUSHBACK_CODES.map((name) => [name, 'pushback'] as const),
    ...FINAL_CODES.map((name) => [name, 'final'] as const),
    ...QUOTA_AND_POLICY_CODES.map((name) => [name, 'final'] as const),
  ])('is, with %s as its code or its type, %s whatever the status', (name, expected) => {
    for (const status of [undefined, ...PUSHBACK_STATUSES, ...FINAL_STATUSES]) {
      expect([status, laneOf({ status, code: name })]).toEqual([status, expected])
      expect([status, laneOf({ status, type: name })]).toEqual([status, expected])
    }
  })

  it.each(MADE_FINAL_CODES)(
    'is final with %s in a stream and below 500: a server that failed says nothing of it',
    (name) => {
      for (const status of [undefined, ...FINAL_STATUSES, 429]) {
        expect([status, laneOf({ status, code: name })]).toEqual([status, 'final'])
        expect([status, laneOf({ status, type: name })]).toEqual([status, 'final'])
      }
      for (const status of [500, 503]) expect([status, laneOf({ status, code: name })]).toEqual([status, 'pushback'])
    },
  )

  it.each(PUSHBACK_STATUSES)('is retried with status %i whatever class of errors the endpoint labels it', (status) => {
    for (const name of ERROR_CLASSES) {
      expect([name, laneOf({ status, type: name })]).toEqual([name, 'pushback'])
      expect([name, laneOf({ status, code: name })]).toEqual([name, 'pushback'])
      expect([name, laneOf({ status, code: 'unknown', type: name })]).toEqual([name, 'pushback'])
      const event = { type: 'error', status, error: { type: name, message: 'm' } }
      expect([name, inStream(event).lane]).toEqual([name, 'pushback'])
      // A cause beside the label decides as ever.
      for (const code of [...FINAL_CODES, ...QUOTA_AND_POLICY_CODES]) {
        expect([code, laneOf({ status, code, type: name })]).toEqual([code, 'final'])
      }
    }
  })

  it.each(ERROR_CLASSES)('is final with the label %s and a final status, or none', (name) => {
    for (const status of [undefined, ...FINAL_STATUSES]) {
      expect([status, laneOf({ status, type: name })]).toEqual([status, 'final'])
      expect([status, laneOf({ status, code: name })]).toEqual([status, 'final'])
    }
  })

  it('inside a stream reads the status of the event as that status, beside a code that names none', () => {
    for (const body of [
      { type: 'error', status: 400, error: { message: 'm' } },
      { type: 'error', status_code: '400', error: { message: 'm' } },
      { type: 'error', error: { message: 'm', status: 400 } },
      { type: 'response.failed', response: { status: 'failed', error: { code: 400, message: 'm' } } },
    ]) {
      expect(inStream(body)).toMatchObject({ lane: undefined, statusInStream: 400 })
    }
    const said = { type: 'error', status: 503, error: { code: 'model_not_found', message: 'm' } }
    const failed = inStream(said)
    expect(failed).toMatchObject({
      lane: 'pushback',
      statusInStream: 503,
      refused: true,
      upstreamCode: 'model_not_found',
    })
  })

  it.each([
    [400, 'final'],
    [401, 'final'],
    [402, 'final'],
    [404, 'final'],
    [408, 'pushback'],
    [409, 'pushback'],
    [429, 'pushback'],
    [500, 'pushback'],
    [501, 'pushback'],
    [529, 'pushback'],
  ] as const)('inside a stream the code %i is read as that status, a number or a text: %s', (code, expected) => {
    for (const named of [code, String(code)]) {
      const error = errorFieldsOf({ error: { code: named, message: 'No.', type: 'some_type' } })
      const failed = classifyUpstream({ status: undefined, error, header: () => undefined, wallNow: 0, secrets: [] })
      expect(failed.lane ?? 'final').toBe(expected)
      expect(failed).toMatchObject({ code: 'response_failed', status: undefined, statusInStream: code })
      expect(failed.refused).toBe(code === 429 || code === 529)
    }
  })

  it('ignores a number that is not a status, and any number beside an HTTP status', () => {
    for (const code of ['0', '7', '200', '302', '1015', '40', '4000']) expect(laneOf({ code })).toBe('pushback')
    for (const code of ['4000', '1400', '399']) expect(statusNamedBy(code)).toBeUndefined()
    expect(laneOf({ status: 400, code: '503' })).toBe('final')
    expect(laneOf({ status: 503, code: '400' })).toBe('pushback')
    // A name beside it still counts.
    expect(laneOf({ code: '429', type: 'insufficient_quota' })).toBe('final')
    expect(laneOf({ code: '500', type: 'invalid_request_error' })).toBe('pushback')
  })

  it('keeps the message of the endpoint whole, up to 8 192 characters', () => {
    const message = `${'It is long. '.repeat(40)}The end.`
    expect(classify({ status: 400, message })).toMatchObject({ upstreamMessage: message })
    expect(classify({ status: 400, message }).message).toContain('The end.')
    expect(classify({ status: 400, message: 'x'.repeat(100_000) }).upstreamMessage).toHaveLength(8192)
  })

  it('is judged by its code before its type', () => {
    expect(laneOf({ status: 429, code: 'rate_limit_exceeded', type: 'invalid_request_error' })).toBe('pushback')
    expect(laneOf({ status: 400, code: 'server_error', type: 'invalid_request_error' })).toBe('pushback')
    expect(laneOf({ status: 500, code: 'invalid_prompt', type: 'server_error' })).toBe('final')
    expect(laneOf({ status: 500, code: 'unknown', type: 'invalid_prompt' })).toBe('final')
    expect(laneOf({ status: 400, code: 'unknown', type: 'server_error' })).toBe('pushback')
    // A full account is full whichever field says so.
    expect(laneOf({ status: 429, code: 'rate_limit_exceeded', type: 'insufficient_quota' })).toBe('final')
  })

  it('is final with `x-should-retry: false`, always', () => {
    for (const status of [undefined, ...PUSHBACK_STATUSES, ...FINAL_STATUSES]) {
      for (const code of [undefined, ...PUSHBACK_CODES, ...FINAL_CODES, ...QUOTA_AND_POLICY_CODES]) {
        expect(laneOf({ status, code, shouldRetry: 'false' })).toBe('final')
      }
    }
    expect(laneOf({ status: 500, shouldRetry: ' FALSE ' })).toBe('final')
  })

  it('is retried with `x-should-retry: true`, except for quota and policies', () => {
    for (const status of [undefined, ...PUSHBACK_STATUSES, ...FINAL_STATUSES]) {
      for (const code of [undefined, ...PUSHBACK_CODES]) {
        expect(laneOf({ status, code, shouldRetry: 'true' })).toBe('pushback')
      }
      for (const code of QUOTA_AND_POLICY_CODES) {
        expect(laneOf({ status, code, shouldRetry: 'true' })).toBe('final')
        expect(laneOf({ status, type: code, shouldRetry: 'true' })).toBe('final')
      }
    }
    expect(laneOf({ status: 400, shouldRetry: 'perhaps' })).toBe('final')
    expect(laneOf({ status: 500, shouldRetry: '' })).toBe('pushback')
  })

  it.each<[said: Said, refused: boolean]>([
    [{ status: 429 }, true],
    [{ status: 503 }, true],
    [{ status: 529 }, true],
    [{ status: 500 }, false],
    [{ status: 502 }, false],
    [{ code: 'server_is_overloaded' }, true],
    [{ code: 'overloaded' }, true],
    [{ code: 'overloaded_error' }, true],
    [{ code: 'service_unavailable' }, true],
    [{ code: 'internal_error' }, false],
    [{ code: 'slow_down' }, true],
    [{ code: 'rate_limit_exceeded' }, true],
    [{ type: 'rate_limit_error' }, true],
    [{ code: 'server_error' }, false],
    [{ code: 'server_error', type: 'overloaded_error' }, false],
    [{}, false],
  ])('says whether the request was refused before any work was done: %j → %s', (said, refused) => {
    expect(classify(said).refused).toBe(refused)
  })

  it('has another code by status and inside a stream, with the endpoint’s words', () => {
    expect(
      classify({ status: 400, code: 'invalid_prompt', type: 'invalid_request_error', message: 'No.' }),
    ).toMatchObject({
      code: 'http_status',
      status: 400,
      upstreamCode: 'invalid_prompt',
      upstreamType: 'invalid_request_error',
      upstreamMessage: 'No.',
      message: 'The endpoint answered 400 (invalid_prompt): No.',
    })
    expect(classify({ code: 'slow_down' })).toMatchObject({
      code: 'response_failed',
      status: undefined,
      message: 'The endpoint reported a failure in the stream (slow_down)',
    })
    expect(classify({ status: 500 }).message).toBe('The endpoint answered 500')
  })

  it('is final, with its own code, if the endpoint does not support a parameter', () => {
    for (const status of [400, 422, undefined]) {
      const failed = classify({ status, message: "Unsupported parameter: 'background'.", shouldRetry: 'true' })
      expect(failed).toMatchObject({ code: 'unsupported_by_endpoint', lane: undefined })
      expect(failed.unsupported?.parameter).toBe('background')
    }
  })

  it.each([
    [500, 'final', undefined],
    [400, 'connection', 'connection'],
    [400, 'pushback', 'pushback'],
    [500, undefined, 'pushback'],
  ] as const)('is, with status %i, what `classify` says: %s', (status, own, lane) => {
    expect(classifyUpstream({ ...PLAIN, status, classify: () => own }).lane).toBe(lane)
  })

  it('keeps the headers and the body of the answer, where they are wanted', () => {
    const headers = [['x-a', 'b']] as const
    expect(classifyUpstream({ ...PLAIN, headers, body: { x: 1 } }).answer).toEqual({ headers, body: { x: 1 } })
    expect(classifyUpstream(PLAIN).answer).toBeUndefined()
    expect(classifyUpstream(PLAIN).statusInStream).toBeUndefined()
  })

  it('takes the wait from a header, and from the words of a pushback alone', () => {
    const header = (name: string) => (name === 'retry-after' ? '3' : undefined)
    expect(classifyUpstream({ ...PLAIN, header }).hintMs).toBe(3000)
    const error = { message: 'Please try again in 2s.' }
    expect(classifyUpstream({ ...PLAIN, status: 429, error }).hintMs).toBe(2000)
    expect(classifyUpstream({ ...PLAIN, status: 400, error }).hintMs).toBeUndefined()
  })

  it('carries no secret, not even in a code that echoes one', () => {
    const secret = 'swordfish-7'
    const failed = classify({
      status: 401,
      code: `bad_${secret}`,
      type: `key sk-${'a'.repeat(30)}`,
      message: `Incorrect key ${secret}; use Bearer abcdef`,
      secrets: [secret],
    })
    expect(JSON.stringify(failed)).not.toMatch(/swordfish|sk-a|abcdef/)
    expect(classify({ code: 'x'.repeat(5000) }).upstreamCode?.length).toBeLessThanOrEqual(100)
  })
})

const NAMED = (name: string): UpstreamErrorFields => ({ code: name, message: name })

describe('the fields of an error', () => {
  it.each<[what: string, body: unknown, expected: UpstreamErrorFields | undefined]>([
    [
      'an error object',
      { error: { code: 'c', type: 't', message: 'm', param: 'p' } },
      { code: 'c', type: 't', message: 'm', param: 'p' },
    ],
    ['a failed response', { type: 'response.failed', response: { error: { code: 'c' } } }, { code: 'c' }],
    [
      'a failed response before an outer error',
      { error: { code: 'o' }, response: { error: { code: 'c' } } },
      { code: 'c' },
    ],
    ['fields at the top', { type: 'error', code: 'c', message: 'm' }, { code: 'c', message: 'm' }],
    [
      'a type at the top that is an error type',
      { type: 'overloaded_error', message: 'm' },
      { type: 'overloaded_error', message: 'm' },
    ],
    ['a text', { error: 'no' }, { message: 'no' }],
    ['a detail of a gateway', { detail: 'no' }, { message: 'no' }],
    ['an error type that looks like an event', { error: { type: 'quota.exceeded' } }, { type: 'quota.exceeded' }],
    ['an empty code beside a message', { error: { code: '', message: 'm' } }, { message: 'm' }],
    ['times', { error: { resets_in_seconds: 5, resets_at: 7 } }, { resetsInSeconds: 5, resetsAt: 7 }],
    ['error null', { type: 'response.failed', response: { error: null } }, undefined],
    ['error an array', { type: 'response.failed', response: { error: ['x'] } }, undefined],
    ['error an empty array', { error: [] }, undefined],
    ['error an empty string, fields beside it', { error: '', code: 'c' }, { code: 'c' }],
    ['error an empty object, fields beside it', { error: {}, code: 'c' }, { code: 'c' }],
    ['error a number', { error: 500 }, undefined],
    ['error true', { error: true }, undefined],
    [
      'wrong types inside',
      { error: { code: 0.5, type: null, message: [7, {}], param: {}, resets_at: '5' } },
      undefined,
    ],
    ['wrong types beside right ones', { error: { code: [7], message: 'm' } }, { message: 'm' }],
    ['a code that is a number', { error: { code: 1302, message: 'm' } }, { code: '1302', message: 'm' }],
    [
      'the name of an AWS service',
      { __type: 'a.b#ThrottlingException', message: 'm' },
      { code: 'ThrottlingException', message: 'm' },
    ],
    ['the status of an event', { type: 'error', status: 400, error: { message: 'm' } }, { message: 'm', status: 400 }],
    ['the status of a gateway', { statusCode: 429, message: 'm' }, { code: '429', message: 'm' }],
    [
      'a text beside a message',
      { error: 'Too Many Requests', message: 'm', statusCode: 429 },
      { code: '429', message: 'm' },
    ],
    [
      'a text that is a name',
      { error: 'insufficient_quota' },
      { code: 'insufficient_quota', message: 'insufficient_quota' },
    ],
    [
      'a name beside its description',
      { error: 'invalid_token', error_description: 'm' },
      { code: 'invalid_token', message: 'm' },
    ],
    ['a text inside a failed response', { response: { error: 'no' }, code: 'c' }, { message: 'no' }],
    ['details in an object', { detail: { code: 'c', message: 'm' } }, { code: 'c', message: 'm' }],
    [
      'details in a list',
      { detail: [{ loc: ['body', 'model'], msg: 'Field required' }, 'and more', 7] },
      { message: 'body.model: Field required; and more' },
    ],
    ['a list of errors', { errors: [{ code: 1015, message: 'm' }] }, { code: '1015', message: 'm' }],
    ['an empty list of errors', { errors: [], message: 'm' }, { message: 'm' }],
    ['a detail beside a code', { detail: 'no', code: 'c' }, { code: 'c', message: 'no' }],
    ['a text in an event', { type: 'error', error: 'No', message: 'm' }, { message: 'm' }],
    ['a name of three words with a number', { error: 'v2_model_error_404' }, NAMED('v2_model_error_404')],
    ['words that end with a name', { error: 'no such_thing' }, { message: 'no such_thing' }],
    ['words that begin with a name', { error: 'model_not found' }, { message: 'model_not found' }],
    ['a name in capitals', { error: 'Such_thing' }, { message: 'Such_thing' }],
    ['the short name of an AWS service', { __type: 'ThrottlingException' }, { code: 'ThrottlingException' }],
    ['details without a place', { detail: [{ msg: 'm' }] }, { message: 'm' }],
    ['details with an odd place', { detail: [{ loc: ['a', { b: 1 }, 2], msg: 'm' }] }, { message: 'a.2: m' }],
    ['details without words', { detail: [{ loc: ['a'] }, {}] }, undefined],
    ['eleven details', { detail: [...'abcdefghijk'] }, { message: 'a; b; c; d; e; f; g; h; i; j' }],
    ['response null', { response: null, error: { code: 'c' } }, { code: 'c' }],
    ['the type of an event alone', { type: 'response.failed' }, undefined],
    ['nothing', {}, undefined],
    ['null', null, undefined],
    ['a string', 'error', undefined],
    ['an array', [7, { error: { code: 'c' } }], { code: 'c' }],
    ['an array without an error', [{ code: 'c' }, { error: null }], undefined],
    ['an array in an array', [[{ error: { code: 'c' } }]], undefined],
    ['errors inside errors, four deep', { error: { error: { error: { error: { code: 'c' } } } } }, { code: 'c' }],
    ['a list of messages', { message: ['a', 'b'], error: 'Bad Request' }, { message: 'a; b' }],
  ])('are read from %s', (_, body, expected) => {
    const found = errorFieldsOf(body)
    expect(found === undefined ? undefined : JSON.parse(JSON.stringify(found))).toEqual(expected)
  })

  it('give a generic failure for any value, and never a crash', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (error, code, message) => {
        for (const body of [error, { error }, { response: { error } }, { error: { code, message, type: error } }]) {
          const failed = classifyUpstream({
            status: undefined,
            error: errorFieldsOf(body),
            header: () => undefined,
            wallNow: 0,
            secrets: [],
          })
          expect(failed.code).toBe('response_failed')
          expect(typeof failed.message).toBe('string')
        }
      }),
    )
  })
})
