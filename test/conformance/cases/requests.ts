import { all, type Case, type Scene } from '../support/scene.ts'

type Init = RequestInit | undefined

/** Sends what is given, and compares all that came back. */
const sends = (name: string, input: (scene: Scene) => unknown, init?: unknown): Case => ({
  name,
  run: async (scene) => all(await scene.fetch(input(scene) as string, init as Init)),
})

const INPUTS: ReadonlyArray<readonly [name: string, input: (scene: Scene) => unknown, init?: unknown]> = [
  ['a string', ({ at }) => at('/')],
  ['a URL', ({ at }) => new URL(at('/a?b=c'))],
  ['a Request', ({ at }) => new Request(at('/'), { method: 'PUT', headers: { a: 'b' }, body: 'text' })],
  [
    'a Request whose method, headers and body the init replaces',
    ({ at }) => new Request(at('/'), { method: 'PUT', headers: { a: 'b', c: 'd' }, body: 'text' }),
    { method: 'PATCH', headers: { a: 'e' }, body: 'other' },
  ],
  [
    'a Request whose headers are replaced by none, and whose body stays',
    ({ at }) => new Request(at('/'), { method: 'POST', headers: { a: 'b' }, body: 'text' }),
    { headers: {} },
  ],
  [
    'a Request with a body, made a GET',
    ({ at }) => new Request(at('/'), { method: 'POST', body: 'text' }),
    { method: 'GET' },
  ],
  ['a Request, `body: null`', ({ at }) => new Request(at('/'), { method: 'POST', body: 'text' }), { body: null }],
  ['an object that turns into an address', ({ at }) => ({ toString: () => at('/object') })],
  ['an address with a fragment', ({ at }) => at('/a#part')],
  ['an address with spaces around, tabs and newlines within', ({ at }) => ` ${at('/a\n\tb')} `],
  ['an address that needs escapes', ({ at }) => at('/ä ü?q=ö "x"')],
  ['an address with dots in its path', ({ at }) => at('/a/../b/./c')],
  ['a relative address', () => '/v1'],
  ['no address', () => ''],
  ['undefined', () => undefined],
  ['a number', () => 5],
  ['an address with a name and a password', ({ at }) => at('/').replace('//', '//user:pass@')],
  ['an address with a name', ({ at }) => at('/').replace('//', '//user@')],
  ['a scheme that is not HTTP', () => 'ftp://127.0.0.1/'],
  ['a file', () => 'file:///etc/passwd'],
  ['about:blank', () => 'about:blank'],
  ['an unknown scheme', () => 'made-up:thing'],
  ['a data: address', () => 'data:text/plain;charset=utf-8;base64,aGk='],
  ['a data: address that is none', () => 'data:broken'],
  ['a blob: address', () => URL.createObjectURL(new Blob(['hi'], { type: 'text/x' }))],
  ['a blob: address of nothing', () => 'blob:nodedata:gone'],
  ['a data: Request', () => new Request('data:,hi')],
]

const METHODS: readonly unknown[] = [
  ...['get', 'pOsT', 'delete', 'options', 'put', 'patch', 'PATCH', 'chicken'],
  ...['CONNECT', 'trace', 'TRACK', '', 'G ET', 'GÄT', undefined, null, 5],
]

/** Values of options that the standard knows: some are refused, and what is accepted must do the same. */
const OPTIONS: readonly unknown[] = [
  null,
  5,
  'text',
  {},
  { redirect: 'sideways' },
  { mode: 'sideways' },
  { mode: 'navigate' },
  { mode: 'cors' },
  { mode: 'no-cors' },
  { mode: 'same-origin' },
  { credentials: 'sideways' },
  { credentials: 'omit' },
  { credentials: 'include' },
  { cache: 'sideways' },
  { cache: 'no-store' },
  { cache: 'only-if-cached' },
  { referrer: 'about:client' },
  { referrer: 'not an address' },
  { referrerPolicy: 'sideways' },
  { referrerPolicy: 'no-referrer' },
  { keepalive: true },
  { priority: 'high' },
  { window: null },
  { window: 5 },
  { duplex: 'half' },
  { duplex: 'full' },
  { signal: null },
  { signal: {} },
  { integrity: '' },
  { integrity: 'sha256-deadbeef' },
]

export const REQUESTS: readonly Case[] = [
  ...INPUTS.map(([name, input, init]) => sends(name, input, init)),
  ...METHODS.map((method) => sends(`the method ${JSON.stringify(method)}`, ({ at }) => at('/'), { method })),
  ...OPTIONS.map((init) => sends(`the options ${JSON.stringify(init)}`, ({ at }) => at('/'), init)),
  {
    name: 'integrity that holds',
    run: async ({ fetch, at }) =>
      all(
        await fetch(at('/'), {
          integrity: `sha256-${Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from('ok'))).toString('base64')}`,
        }),
      ),
  },
  {
    name: 'a Request that is sent twice',
    async run({ fetch, at }) {
      const request = new Request(at('/'), { method: 'POST', body: 'text' })
      await (await fetch(request)).text()
      return [request.bodyUsed, await fetch(request).then(all)]
    },
  },
  {
    name: 'a Request without a body that is sent twice',
    async run({ fetch, at }) {
      const request = new Request(at('/'))
      return [await all(await fetch(request)), request.bodyUsed, await all(await fetch(request))]
    },
  },
  {
    name: 'a clone of a Request that was sent',
    async run({ fetch, at }) {
      const request = new Request(at('/'), { method: 'POST', body: 'text' })
      const clone = request.clone()
      await (await fetch(request)).text()
      return all(await fetch(clone))
    },
  },
  {
    name: 'a Request whose body was read, with another body',
    async run({ fetch, at }) {
      const request = new Request(at('/'), { method: 'POST', body: 'text' })
      await request.text()
      return all(await fetch(request, { body: 'other' }))
    },
  },
  {
    name: 'a Request whose body is being read',
    async run({ fetch, at }) {
      const request = new Request(at('/'), { method: 'POST', body: 'text' })
      request.body?.getReader()
      return all(await fetch(request))
    },
  },
  {
    name: 'a Request whose body the init replaces keeps its own',
    async run({ fetch, at }) {
      const request = new Request(at('/'), { method: 'POST', body: 'text' })
      await (await fetch(request, { body: 'other' })).text()
      return [request.bodyUsed, await request.text()]
    },
  },
  {
    name: 'a Request with a stream',
    async run({ fetch, at }) {
      const body = ReadableStream.from([Buffer.from('one'), Buffer.from('two')])
      return all(await fetch(new Request(at('/'), { method: 'POST', body, duplex: 'half' } as RequestInit)))
    },
  },
]
