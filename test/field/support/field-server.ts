import type { RawRequest } from '../../support/http-request.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import { RawServer, type RawServerOptions } from '../../support/raw-server.ts'

/** The bytes that a server writes in answer to one request, and what it does then. */
export interface Answer {
  readonly bytes: string | Uint8Array
  /** `keep` (default): the connection stays open. `end`: FIN. `reset`: RST. */
  readonly then?: 'keep' | 'end' | 'reset'
}

/** Fixed bytes, or bytes that depend on the request and on how many came before it. */
export type Script = readonly (Answer | ((request: RawRequest, number: number) => Answer))[]

/** A server from a report: its side of the conversation is data. */
export interface FieldServer extends AsyncDisposable {
  readonly server: RawServer
  /** `http://127.0.0.1:port/v1`. */
  readonly baseURL: string
  /** In the order of their arrival, over all connections. */
  readonly requests: readonly RawRequest[]
}

/**
 * Plays a report: the n-th request gets the n-th answer of the script. Further requests get the last answer again, as a
 * server with that fault would give it: a test that expects one request then sees the others.
 */
export async function fieldServer(
  script: Script,
  options: Omit<RawServerOptions, 'onConnection'> = {},
): Promise<FieldServer> {
  const requests: RawRequest[] = []
  const server = await RawServer.answering((request, connection) => {
    requests.push(request)
    const step = script[Math.min(requests.length, script.length) - 1]
    if (step === undefined) throw new Error('a script needs at least one answer')
    play(typeof step === 'function' ? step(request, requests.length) : step, connection)
  }, options)
  return {
    server,
    baseURL: `${server.url}/v1`,
    requests,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function play({ bytes, then = 'keep' }: Answer, connection: RawConnection): void {
  connection.write(bytes)
  if (then === 'end') connection.end()
  if (then === 'reset') connection.reset()
}

/** An answer with a `content-length`; the connection stays open. */
export function answer(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${status} Field\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n`
  return { bytes: Buffer.concat([Buffer.from(head), Buffer.from(body)]) }
}

export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return answer(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers })
}

/** An event stream. `body` is what the report shows, to the byte. */
export function streamAnswer(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return answer(200, body, { 'content-type': 'text/event-stream', ...headers })
}

/** Events as most endpoints write them: `event:` and `data:`. */
export function frames(...events: ReadonlyArray<{ readonly type: string; readonly [field: string]: unknown }>): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}

/** The same without `event:`. */
export function dataFrames(...data: readonly unknown[]): string {
  return data.map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`).join('')
}
