import { all, type Case } from '../support/scene.ts'

/** What can be given as headers. */
const GIVEN: ReadonlyArray<readonly [name: string, headers: unknown]> = [
  ['an object', { 'X-Mixed-Case': 'a', b: 'c' }],
  ['pairs', [['a', 'b']]],
  ['a Headers object', new Headers({ A: 'b' })],
  ['a Map', new Map([['a', 'b']])],
  ['the same name twice', [['a', '1'], ['A', '2']]], // biome-ignore format: one pair behind the other
  ['the same name in two cases', { a: '1', A: '2' }],
  ['two cookies to send', [['cookie', 'a=b'], ['cookie', 'c=d']]], // biome-ignore format: one pair behind the other
  ['two set-cookie to send', [['set-cookie', 'a=b'], ['set-cookie', 'c=d']]], // biome-ignore format: as above
  ['no pairs', []],
  ['null', null],
  ['a string', 'a: b'],
  ['a number', 5],
  ['a pair of one', [['a']]],
  ['a pair of three', [['a', 'b', 'c']]],
  ['an empty value', { a: '' }],
  ['spaces around a value', { a: ' \t b c \t ' }],
  ['newlines around a value', { a: '\r\nb\r\n' }],
  ['a newline in a value', { a: 'b\nc' }],
  ['a carriage return in a value', { a: 'b\rc' }],
  ['NUL in a value', { a: 'b\0c' }],
  ['a control character in a value', { a: 'b\x01c' }],
  ['a tab in a value', { a: 'b\tc' }],
  ['a Latin-1 value', { a: 'é' }],
  ['a value beyond Latin-1', { a: 'Ł' }],
  ['a number as value', { a: 5 }],
  ['undefined as value', { a: undefined }],
  ['null as value', { a: null }],
  ['a symbol as value', { a: Symbol('x') }],
  ['a symbol as name', { [Symbol('x')]: 'a' }],
  ['an empty name', { '': 'a' }],
  ['a name with a space', { 'a b': 'c' }],
  ['a name with a colon', { 'a:': 'c' }],
  ['a name beyond ASCII', { é: 'c' }],
  ['a name of odd signs', { "!#$%&'*+-.^_`|~": 'a' }],
  ['inherited ones', Object.create({ a: 'b' })],
  ...[
    ['accept', 'text/mine'],
    ['accept-encoding', 'gzip;q=0.5, mine'],
    ['accept-language', 'de, mine'],
    ['user-agent', 'mine/1.0'],
    ['cache-control', 'mine'],
    ['sec-fetch-mode', 'mine'],
    ['sec-x', 'a'],
    ['proxy-x', 'a'],
    ['authorization', 'Bearer mine'],
    ['cookie', 'mine=1'],
    ['cookie2', 'mine=1'],
    ['origin', 'https://mine.test'],
    ['referer', 'https://mine.test/'],
    ['date', 'Tue, 15 Nov 1994 08:12:31 GMT'],
    ['dnt', '1'],
    ['te', 'trailers'],
    ['via', '1.1 mine'],
    ['host', 'mine.test'],
    ['content-length', '4'],
    ['content-length', '5'],
    ['content-length', 'x'],
    ['transfer-encoding', 'chunked'],
    ['connection', 'close'],
    ['connection', 'keep-alive'],
    ['connection', 'mine'],
    ['keep-alive', 'timeout=5'],
    ['upgrade', 'websocket'],
    ['expect', '100-continue'],
    ['trailer', 'x'],
    ['proxy-authorization', 'Basic mine'],
    ['access-control-request-method', 'GET'],
    ['x-http-method-override', 'TRACE'],
  ].map(([name, value]) => [`${name}: ${value}`, { [name as string]: value }] as const),
]

export const HEADERS: readonly Case[] = [
  ...GIVEN.map(
    ([name, headers]): Case => ({
      name: `headers, ${name}`,
      run: async ({ fetch, at }) =>
        all(
          await fetch(at('/'), {
            method: 'POST',
            body: 'text',
            headers: headers as NonNullable<RequestInit['headers']>,
          }),
        ),
    }),
  ),
  {
    name: 'headers of its own',
    serve: ({ headers }, connection) =>
      connection.answer(
        headers
          .filter(([name]) => name !== 'host')
          .map(([name, value]) => `${name}: ${value}`)
          .join(', '),
      ),
    run: async ({ fetch, at }) => (await fetch(at('/'))).text(),
  },
  {
    name: 'headers that change behind the call',
    async run({ fetch, at }) {
      const headers = new Headers({ a: 'b' })
      const called = fetch(at('/'), { headers })
      headers.set('a', 'c')
      return all(await called)
    },
  },
  {
    name: 'headers and body that are read from getters',
    async run({ fetch, at }) {
      const init = {
        get method() {
          return 'POST'
        },
        get body() {
          return 'text'
        },
      }
      return all(await fetch(at('/'), init))
    },
  },
]
