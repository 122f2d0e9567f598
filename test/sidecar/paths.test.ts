import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { upstreamUrl } from '../../src/sidecar/paths.ts'

const OPENAI = new URL('https://api.openai.com/v1')

describe('the address of the upstream for a path of a client', () => {
  it.each([
    ['/v1/responses', 'https://api.openai.com/v1/responses'],
    ['/responses', 'https://api.openai.com/v1/responses'],
    ['/backend-api/codex/responses', 'https://api.openai.com/v1/responses'],
    [
      '/v1/responses/resp_1?stream=true&starting_after=3',
      'https://api.openai.com/v1/responses/resp_1?stream=true&starting_after=3',
    ],
    ['/v1/files/a%20b', 'https://api.openai.com/v1/files/a%20b'],
    ['/v1.5/x', 'https://api.openai.com/v1/v1.5/x'],
  ])('%s becomes %s', (target, url) => {
    expect(upstreamUrl(target, OPENAI)?.href).toBe(url)
  })

  it('keeps the query of the base beside that of the client', () => {
    const base = new URL('https://x.example/openai/v1/?api-version=preview')
    expect(upstreamUrl('/v1/responses?a=1', base)?.href).toBe(
      'https://x.example/openai/v1/responses?api-version=preview&a=1',
    )
    expect(upstreamUrl('/openai/v1/responses', base)?.href).toBe(
      'https://x.example/openai/v1/responses?api-version=preview',
    )
  })

  it.each([
    '/',
    '/v1/',
    '*',
    'https://evil.example/v1/responses',
    '//evil.example/v1',
    '/v1//responses',
    '/v1/../admin',
    '/v1/%2e%2e/admin',
    '/v1/.%2E/admin',
    '/v1/..%2fadmin',
    '/v1/..\\admin',
    '/v1/./responses',
    '/..',
    '/v1/a%2fb',
    '/v1/a%5cb',
    '/v1/a%00b',
    '/v1/responses#x',
    '/v1/a b',
    '/v1/\u00e4',
    '',
  ])('%j names nothing below the base', (target) => {
    expect(upstreamUrl(target, OPENAI)).toBeUndefined()
  })

  it('never leaves the base, whatever is asked for', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '..',
        '.',
        '%2e',
        '%2E',
        '%2f',
        '\\',
        '%5C',
        '//',
        'v1',
        'responses',
        '?',
        '#',
        '@',
        ':',
        ';',
        '%',
        'https:',
      ),
      fc.string({ maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const url = upstreamUrl(pieces.join(''), OPENAI)
        if (url === undefined) return
        expect(url.origin).toBe(OPENAI.origin)
        expect(url.pathname.startsWith('/v1/')).toBe(true)
        expect(url.username).toBe('')
      }),
    )
  })
})
