import type { RawRequest } from '../../support/http-request.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import { all, type Case, outcomeOf, type Scene } from '../support/scene.ts'

/** `/to?status=…&location=…` redirects, everything else answers. A location `/n…` counts down to `/0`. */
function redirecting({ method, path }: RawRequest, connection: RawConnection): void {
  const { pathname, searchParams } = new URL(path, 'http://here')
  const countdown = /^\/(\d+)$/.exec(pathname)
  const left = Number(countdown?.[1] ?? 0)
  const location = left > 0 ? `/${left - 1}` : searchParams.get('location')
  const status = searchParams.get('status') ?? '302'
  if (left === 0 && pathname !== '/to') connection.answer(method === 'HEAD' ? '' : 'there')
  else
    connection.answer(
      method === 'HEAD' ? '' : 'moved',
      `HTTP/1.1 ${status} Moved${location === null ? '' : `\r\nlocation: ${location}`}`,
    )
}

const to = (status: number, location?: string): string =>
  `/to?${new URLSearchParams({ status: String(status), ...(location === undefined ? {} : { location }) })}`

const redirects = (name: string, path: (scene: Scene) => string, init?: () => object): Case => ({
  name: `redirect, ${name}`,
  serve: redirecting,
  run: async (scene) => all(await scene.fetch(path(scene), init?.() as RequestInit)),
})

const HEADERS = {
  authorization: 'Bearer mine',
  cookie: 'mine=1',
  'content-type': 'a/b',
  'content-language': 'de',
  'x-other': 'y',
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'post', 'patch'] as const
const bodyOf = (method: string): object => (/^(?:POST|PUT|patch)$/i.test(method) ? { body: 'text' } : {})

const LOCATIONS: readonly string[] = [
  '/there',
  'there?a=b',
  '?only=query',
  '//',
  '',
  '/there#part',
  '/ä ö',
  'http://',
  'data:,hi',
  'file:///etc/passwd',
  'about:blank',
  'made-up:x',
]

const oneTime = (): object => ({
  method: 'POST',
  body: ReadableStream.from([Buffer.from('x')]),
  duplex: 'half',
})

export const REDIRECTS: readonly Case[] = [
  ...[301, 302, 303, 307, 308].flatMap((status) =>
    METHODS.map((method) =>
      redirects(
        `${status} of ${method}`,
        ({ at }) => at(to(status, '/there')),
        () => ({ method, headers: HEADERS, ...bodyOf(method) }),
      ),
    ),
  ),
  ...[300, 304, 305, 306, 399].map((status) => redirects(`${status} is none`, ({ at }) => at(to(status, '/there')))),
  ...LOCATIONS.map((location) => redirects(`to "${location}"`, ({ at }) => at(to(302, location)))),
  redirects('without a location', ({ at }) => at(to(302))),
  redirects('from a fragment', ({ at }) => at(`${to(302, '/there')}#part`)),
  redirects('20 of them', ({ at }) => at('/20')),
  redirects('21 of them', ({ at }) => at('/21')),
  redirects('to itself for ever', ({ at }) => at('/99999')),
  redirects('to credentials', ({ at }) => at(to(302, at('/there').replace('//', '//user:pass@')))),
  ...['follow', 'manual', 'error'].flatMap((redirect) => [
    redirects(
      `mode ${redirect}`,
      ({ at }) => at(to(302, '/there')),
      () => ({ redirect }),
    ),
    redirects(
      `mode ${redirect}, without a location`,
      ({ at }) => at(to(302)),
      () => ({ redirect }),
    ),
    redirects(
      `mode ${redirect}, no redirect`,
      ({ at }) => at('/'),
      () => ({ redirect }),
    ),
  ]),
  {
    name: 'redirect, mode of a Request',
    serve: redirecting,
    run: async ({ fetch, at }) => all(await fetch(new Request(at(to(302, '/there')), { redirect: 'manual' }))),
  },
  {
    name: 'redirect, the type of a manual one',
    serve: redirecting,
    async run({ fetch, at }) {
      const response = await fetch(at(to(302, '/there')), { redirect: 'manual' })
      await response.text()
      return [response.type, response.headers.get('location')]
    },
  },
  redirects('303 of a stream', ({ at }) => at(to(303, '/there')), oneTime),
  redirects('307 of a stream', ({ at }) => at(to(307, '/there')), oneTime),
  redirects(
    '302 of a GET to another origin',
    ({ at, elsewhere }) => at(to(302, elsewhere('/there'))),
    () => ({ headers: HEADERS }),
  ),
  redirects(
    '302 of a POST to another origin',
    ({ at, elsewhere }) => at(to(302, elsewhere('/there'))),
    () => ({
      method: 'POST',
      headers: HEADERS,
      body: 'text',
    }),
  ),
  redirects(
    '307 of a POST to another origin',
    ({ at, elsewhere }) => at(to(307, elsewhere('/there'))),
    () => ({
      method: 'POST',
      headers: HEADERS,
      body: 'text',
    }),
  ),
  redirects(
    '307 of a Blob',
    ({ at }) => at(to(307, '/there')),
    () => ({ method: 'POST', body: new Blob(['text']) }),
  ),
  redirects(
    '307 of a form',
    ({ at }) => at(to(307, '/there')),
    () => {
      const body = new FormData()
      body.append('a', 'b')
      return { method: 'POST', body }
    },
  ),
  {
    name: 'redirect, aborted at the second address',
    serve(request, connection) {
      if (request.path !== '/there') redirecting(request, connection)
    },
    async run({ fetch, at, came }) {
      const controller = new AbortController()
      const called = outcomeOf(fetch(at(to(302, '/there')), { signal: controller.signal }))
      const second = await came(2)
      controller.abort(new RangeError('mine'))
      await second.gone()
      return called
    },
  },
]
