import { describe, expect, it } from 'vitest'
import type { FetchRequest } from '../../src/client/fetch-request.ts'
import { followRedirect } from '../../src/client/redirect.ts'
import { isResilientError } from '../../src/errors/errors.ts'

const BODY = { kind: 'bytes', bytes: new Uint8Array([1]) } as const
const NO_BODY = { kind: 'none' } as const
const HEADERS = [
  ['authorization', 'Bearer swordfish'],
  ['cookie', 'a=b'],
  ['x-api-key', 'swordfish'],
  ['accept', '*/*'],
  ['content-type', 'application/json'],
  ['content-language', 'de'],
] as const
const WITHOUT_CREDENTIALS = ['accept', 'content-type', 'content-language']

function request(given: Partial<FetchRequest> = {}): FetchRequest {
  return {
    url: new URL('https://api.test/v1/files'),
    method: 'GET',
    headers: HEADERS,
    body: NO_BODY,
    signal: undefined,
    redirect: 'follow',
    dispatcher: undefined,
    ...given,
  }
}

interface Hop {
  readonly location?: string
  readonly status?: number
  readonly hops?: number
  readonly isResponsesCall?: boolean
}
function follow(given: Partial<FetchRequest>, { location, status = 307, hops = 0, isResponsesCall = false }: Hop) {
  const headers: Array<readonly [string, string]> = location === undefined ? [] : [['location', location]]
  return followRedirect(request(given), { status, statusText: '', headers }, hops, isResponsesCall)
}
function refusal(given: Partial<FetchRequest>, hop: Hop): string {
  try {
    follow(given, hop)
  } catch (error) {
    expect(isResilientError(error, 'redirect_refused')).toBe(true)
    expect(error).toMatchObject({ retryable: false })
    return (error as Error).message
  }
  throw new Error('followed')
}
const names = (next: FetchRequest | undefined): string[] => next?.headers.map(([name]) => name) ?? []

describe('a redirect within the origin', () => {
  it.each<[status: number, method: string, expected: string]>([
    [301, 'GET', 'GET'],
    [301, 'POST', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'POST', 'GET'],
    [302, 'DELETE', 'DELETE'],
    [303, 'GET', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ])('with %i turns %s into %s, with all credentials', (status, method, expected) => {
    const body = method === 'GET' || method === 'HEAD' ? NO_BODY : BODY
    const next = follow({ method, body }, { status, location: '../v2/files?x=1' })
    expect(next).toMatchObject({ method: expected, redirect: 'follow' })
    expect(next?.url.href).toBe('https://api.test/v2/files?x=1')
    const becameGet = expected !== method
    expect(next?.body).toBe(becameGet ? next?.body : body)
    expect(next?.body.kind).toBe(becameGet ? 'none' : body.kind)
    expect(names(next)).toEqual(
      HEADERS.map(([name]) => name).filter((name) => !becameGet || !name.startsWith('content-')),
    )
  })

  it('is followed for Responses calls as well, with the same bytes', () => {
    const next = follow({ method: 'POST', body: BODY }, { location: '/v2/responses', isResponsesCall: true })
    expect(next).toMatchObject({ method: 'POST', body: BODY })
  })

  it.each([200, 204, 300, 304, 305, 400, 500])('does not happen for %i, which is an answer', (status) => {
    expect(follow({}, { status, location: '/x' })).toBeUndefined()
  })

  it('is an answer without a location, and where the caller follows by itself', () => {
    expect(follow({}, {})).toBeUndefined()
    expect(follow({ redirect: 'manual' }, { location: 'https://evil.test/' })).toBeUndefined()
  })

  it('is refused where the caller wants none, and after twenty', () => {
    expect(refusal({ redirect: 'error' }, { location: '/x' })).toContain('redirect mode')
    expect(refusal({ redirect: 'error' }, {})).toContain('redirect mode')
    expect(follow({}, { location: '/x', hops: 19 })).toBeDefined()
    expect(refusal({}, { location: '/x', hops: 20 })).toContain('more than 20')
  })

  it('is refused where a body would have to be sent again that can be read once', () => {
    const once = {
      kind: 'stream',
      replayable: false,
      length: undefined,
      open: () => (async function* () {})(),
    } as const
    expect(refusal({ method: 'POST', body: once }, { location: '/x' })).toContain('read once')
    expect(follow({ method: 'POST', body: once }, { location: '/x', status: 303 })?.body).toEqual(NO_BODY)
    const again = { ...once, replayable: true }
    expect(follow({ method: 'POST', body: again }, { location: '/x' })?.body).toBe(again)
  })
})

describe('a redirect to another origin', () => {
  it.each([
    'https://evil.test/',
    'https://api.test:8443/v1/responses',
    'https://sub.api.test/',
    'https://api.test.evil.test/',
    '//evil.test/v1/responses',
    'https:\\\\evil.test',
  ])('is refused for a Responses call, which carries the conversation: %s', (location) => {
    for (const method of ['POST', 'GET']) {
      for (const status of [301, 302, 303, 307, 308]) {
        const body = method === 'POST' ? BODY : NO_BODY
        expect(refusal({ method, body }, { location, status, isResponsesCall: true })).toContain(
          'must stay at its origin',
        )
      }
    }
  })

  it('is followed for other calls without a body, and without their credentials', () => {
    for (const status of [301, 302, 303, 307, 308]) {
      expect(names(follow({}, { location: 'https://cdn.test/file', status }))).toEqual(WITHOUT_CREDENTIALS)
    }
    const next = follow({ method: 'POST', body: BODY }, { location: 'https://cdn.test/file', status: 303 })
    expect(names(next)).toEqual(['accept'])
    expect(JSON.stringify(next)).not.toContain('swordfish')
  })

  it('is refused where it would take a body along', () => {
    for (const status of [307, 308]) {
      expect(refusal({ method: 'POST', body: BODY }, { location: 'https://cdn.test/', status })).toContain('a body')
    }
    expect(refusal({ method: 'PUT', body: BODY }, { location: 'https://cdn.test/', status: 302 })).toContain('a body')
  })

  it.each([
    'http://api.test/v1/files',
    'http://cdn.test/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:alert(1)',
    'ftp://api.test/',
    'https://user:pass@api.test/',
    'https://user@cdn.test/',
    'https://[',
    'http://',
  ])('is refused to %s', (location) => {
    for (const isResponsesCall of [true, false]) {
      const message = refusal({}, { location, isResponsesCall })
      expect(message).toMatch(/^A redirect was not followed: /)
      expect(message).not.toMatch(/passwd|user|pass@/)
    }
  })

  it.each([
    'localhost',
    'localhost.',
    'LOCALHOST',
    'api.localhost',
    '127.0.0.1',
    '127.1',
    '127.8.9.10',
    '2130706433',
    '0x7f.1',
    '0.0.0.0',
    '0',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:0.0.0.0]',
  ])('is refused to this machine from another host: %s', (host) => {
    expect(refusal({}, { location: `https://${host}:8443/` })).toContain('to this machine')
    const here = { url: new URL('http://127.0.0.1:1/v1/files') }
    expect(names(follow(here, { location: `http://${host}:8443/` }))).toEqual(WITHOUT_CREDENTIALS)
  })

  it.each(['128.0.0.1', '10.127.0.1', 'localhost.test', 'notlocalhost', '[::2]', '[::ffff:8.8.8.8]', '[::ffff:127]'])(
    'is no redirect to this machine where the host only looks like it: %s',
    (host) => {
      expect(follow({}, { location: `https://${host}/` })).toBeDefined()
    },
  )

  it('may go from http: to https:', () => {
    const next = follow({ url: new URL('http://cdn.test/') }, { location: 'https://cdn.test/' })
    expect(names(next)).toEqual(WITHOUT_CREDENTIALS)
  })
})
