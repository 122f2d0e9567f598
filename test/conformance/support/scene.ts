import type { FetchFunction, ResilientClientOptions } from '../../../src/index.ts'
import type { RawRequest } from '../../support/http-request.ts'
import { type RawConnection, RawServer } from '../../support/raw-server.ts'
import { until, within } from '../../support/until.ts'

/** What a case can use: a `fetch`, and two servers that know nothing but their paths. */
export interface Scene {
  readonly fetch: FetchFunction
  /** An address of the server, or of the second one: another origin. */
  at(path: string): string
  elsewhere(path: string): string
  /** The request numbered `n`, from 1, once it has come in whole; its connection. */
  came(n?: number): Promise<RawConnection>
}

export interface Case {
  readonly name: string
  /** Default: 200 with the body `ok`. */
  readonly serve?: ((request: RawRequest, connection: RawConnection) => void | Promise<void>) | undefined
  /** What is compared. A rejection is, too. */
  readonly run: (scene: Scene) => Promise<unknown>
  readonly client?: ResilientClientOptions
}

/** What came of a case: its result, and the requests that the servers saw. */
export interface Outcome {
  readonly result: unknown
  readonly seen: readonly unknown[]
}

export type Subject = (fetchCase: Case) => { readonly fetch: FetchFunction; end(server: RawServer): Promise<void> }

/** What every `fetch` may word in its own way; one case compares them. */
const OWN_WORDS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'user-agent',
  'accept',
  'accept-encoding',
  'accept-language',
  'sec-fetch-mode',
  'cache-control',
  'pragma',
])

/** Plays a case with one `fetch` on servers of its own. */
export async function play(one: Case, subject: Subject): Promise<Outcome> {
  const came: Array<{ request: RawRequest; connection: RawConnection; where: string }> = []
  const start = (where: string): Promise<RawServer> =>
    RawServer.answering(async (request, connection) => {
      came.push({ request, connection, where })
      await (one.serve ?? ((_request, { answer }) => answer.call(connection)))(request, connection)
    })
  await using here = await start('')
  await using there = await start('elsewhere ')
  const { fetch, end } = subject(one)
  const scene: Scene = {
    fetch,
    at: (path) => here.url + path,
    elsewhere: (path) => there.url + path,
    async came(n = 1) {
      await until(() => came.length >= n, `request ${n}`)
      return came[n - 1]?.connection as RawConnection
    },
  }
  const result = await within(outcomeOf(one.run(scene)), `the end of "${one.name}"`)
  await end(here)
  const names = [
    [here.port, 'here'],
    [there.port, 'elsewhere'],
  ] as const
  const plain = (value: unknown): unknown => {
    let text = JSON.stringify(value ?? null)
      .replace(/blob:nodedata:[\w-]+/, 'blob:here')
      .replace(/\bcall=[\w.-]+/g, 'call=…')
    for (const [port, name] of names)
      text = text.replaceAll(`127.0.0.1:${port}`, name).replaceAll(`127.0.0.1%3A${port}`, name)
    return JSON.parse(text)
  }
  return {
    result: plain(result),
    seen: came.map(({ request, where }) => plain(`${where}${written(request)}`)),
  }
}

function written({ method, path, headers, body }: RawRequest): string {
  const text = body.toString('latin1')
  const own = headers
    .filter(([name, value]) => !OWN_WORDS.has(name) || value.includes('mine'))
    .map(([name, value]) => `${name}: ${value}`)
  const whole = `${method} ${path} [${own.sort().join(', ')}]${text === '' ? '' : ` ${JSON.stringify(text)}`}`
  return whole.replace(/-*formdata-[\w-]+?\d+/g, 'BOUNDARY')
}

/** What a promise came to; a failure by its class, and by the two messages that hosts look at. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return (await promise) ?? null
  } catch (error) {
    return failureOf(error)
  }
}

export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`
  const { name, message } = error
  const kind = error instanceof DOMException ? `DOMException ${name}` : name
  return ['fetch failed', 'terminated'].includes(message) || message.includes('mine') ? `${kind}: ${message}` : kind
}

/** Everything of a response that a caller can see, but its type, which one case compares. */
export async function all(response: Response): Promise<unknown> {
  const { status, statusText, ok, url, redirected } = response
  const isNull = response.body === null
  // The number of the call is another one in each run.
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value.replace(/^call=[\w.]+/, 'call=1')}`)
  const text = await outcomeOf(response.text())
  return { status, statusText, ok, url, redirected, headers, ...(isNull ? { body: null } : {}), text }
}
