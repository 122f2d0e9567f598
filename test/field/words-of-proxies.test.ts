import { describe, expect, it } from 'vitest'
import { ResilientError } from '../../src/index.ts'
import { answer, fieldServer, jsonAnswer } from './support/field-server.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

const nginx = (title: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx/1.26.3</center>\r\n</body>\r\n</html>\r\n`

const REPORTS = [
  [
    'nginx: too large',
    413,
    'text/html',
    nginx('413 Request Entity Too Large'),
    /413: 413 Request Entity Too Large .*nginx/,
  ],
  ['a gateway with rules', 403, 'text/plain', 'Blocked by policy 17', /403: Blocked by policy 17 /],
  [
    'nginx: no client certificate',
    400,
    'text/html',
    nginx('400 No required SSL certificate was sent'),
    /400: 400 No required SSL certificate was sent/,
  ],
  ['nginx: bad gateway', 502, 'text/html', nginx('502 Bad Gateway'), /502: 502 Bad Gateway .*nginx/],
  [
    'haproxy',
    503,
    'text/html',
    '<html><body><h1>503 Service Unavailable</h1>\nNo server is available.\n</body></html>',
    /No server/,
  ],
  ['envoy', 503, 'text/plain', 'upstream connect error or disconnect/reset before headers', /upstream connect error/],
  ['text without a label', 502, undefined, 'error: 5 < 6', /502: error: 5 < 6 /],
  [
    'scripts and styles',
    403,
    'text/html',
    '<style>p{color:red}</style><script>var x="<p>"</script><!-- no --><p>Access&nbsp;denied &amp; logged</p>',
    /403: Access denied & logged /,
  ],
] as const

describe('the page or text of a proxy', () => {
  it.each(REPORTS)('is in the error as the reason: %s', async (_, status, type, body, words) => {
    await using server = await fieldServer([answer(status, body, type === undefined ? {} : { 'content-type': type })])
    const { baseURL } = server
    const isFinal = status < 500
    for (const { error } of [
      await playStream({ baseURL, maxRetries: 1 }),
      await playCreate({ baseURL, maxRetries: 1 }),
    ]) {
      expect(error).toBeInstanceOf(ResilientError)
      expect((error as Error).message).toMatch(words)
      expect((error as Error).message).not.toMatch(/<h1>|<\/|color:red|var x/)
    }
    // The drop-in hands the answer over as it came.
    const fetched = await playFetch({ baseURL, maxRetries: 0 })
    expect(fetched.result).toMatchObject({ status, text: body })
    expect(server.requests).toHaveLength(isFinal ? 3 : 5)
  })

  it('is shown without credentials that it echoes, and of JSON only the fields of its error', async () => {
    const echo = answer(403, '<p>Token sk-field is blocked: Bearer sk-field</p>', { 'content-type': 'text/html' })
    const prompt = jsonAnswer(403, { request: { input: 'my prompt' }, instructions: 'my prompt' })
    const cut = answer(403, JSON.stringify({ input: 'my prompt' }).slice(0, -1), { 'content-type': 'application/json' })
    const mixed = answer(403, `Refused: ${JSON.stringify({ input: 'my prompt' })}`, { 'content-type': 'text/plain' })
    for (const given of [echo, prompt, cut, mixed]) {
      await using server = await fieldServer([given])
      const { error } = await playCreate({ baseURL: server.baseURL })
      expect((error as Error).message).toMatch(/^\S+ answered 403/)
      expect((error as Error).message).not.toMatch(/sk-field|my prompt/)
    }
  })
})
