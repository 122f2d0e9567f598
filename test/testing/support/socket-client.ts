import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { JsonObject } from '../../../src/testing/index.ts'
import type { MockResponsesServer } from '../../../src/testing/server.ts'

/** What a plain client sees of an upgrade that was not accepted. */
export interface Refused {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** A plain `ws` client that keeps all it sees. */
export class SocketClient implements Disposable {
  readonly ws: WebSocket
  /** Messages as they came, and whether each was binary. */
  readonly messages: Array<{ readonly text: string; readonly binary: boolean }> = []
  readonly pings: string[] = []
  readonly pongs: string[] = []
  /** Headers of the 101. */
  headers: IncomingMessage['headers'] | undefined
  /** Code and reason, once it is closed; 1006 without a close frame. */
  closed: { readonly code: number; readonly reason: string } | undefined
  error: (Error & { code?: string }) | undefined
  /** The connection was ended by an RST. */
  isReset = false
  refused: Refused | undefined
  #changed: () => void = () => {}

  constructor(
    server: MockResponsesServer,
    { headers = {}, path = '/responses', ...options }: WebSocket.ClientOptions & { path?: string } = {},
  ) {
    const url = `${server.baseURL.replace('http', 'ws')}${path}`
    const credential = { authorization: 'Bearer key' }
    this.ws = new WebSocket(url, {
      perMessageDeflate: false,
      rejectUnauthorized: false,
      headers: { ...credential, ...headers },
      ...options,
    })
    const see = (act: () => void) => {
      act()
      this.#changed()
    }
    this.ws.on('upgrade', (response) => {
      see(() => (this.headers = response.headers))
      // The library keeps an RST to itself.
      response.socket.on('error', () => see(() => (this.isReset = true)))
    })
    this.ws.on('message', (data, binary) => see(() => void this.messages.push({ text: String(data), binary })))
    this.ws.on('ping', (data) => see(() => void this.pings.push(String(data))))
    this.ws.on('pong', (data) => see(() => void this.pongs.push(String(data))))
    this.ws.on('error', (error) => see(() => (this.error = error)))
    this.ws.on('close', (code, reason) => see(() => (this.closed = { code, reason: String(reason) })))
    this.ws.on('unexpected-response', async (_request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      const { statusCode: status = 0, headers: theirs } = response
      see(() => (this.refused = { status, headers: theirs, text: Buffer.concat(chunks).toString() }))
    })
  }

  /** Opens a client, and waits for the 101. */
  static async open(
    server: MockResponsesServer,
    options: ConstructorParameters<typeof SocketClient>[1] = {},
  ): Promise<SocketClient> {
    const client = new SocketClient(server, options)
    await once(client.ws, 'open')
    return client
  }

  get events(): JsonObject[] {
    return this.messages.map(({ text }) => JSON.parse(text) as JsonObject)
  }

  get types(): unknown[] {
    return this.events.map(({ type }) => type)
  }

  send(message: JsonObject | string): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Asks for a response. */
  create(fields: JsonObject = {}): void {
    this.send({ type: 'response.create', model: 'gpt-5.2', input: 'Hello there', ...fields })
  }

  /** Waits until it has seen enough. */
  async until(seen: (client: this) => boolean): Promise<this> {
    while (!seen(this)) await new Promise<void>((resolve) => (this.#changed = resolve))
    return this
  }

  /** Asks for a response and waits for its end: the events of that answer. */
  async ask(fields: JsonObject = {}): Promise<JsonObject[]> {
    const before = this.messages.length
    this.create(fields)
    await this.until(({ events }) => events.slice(before).some(isTerminal))
    return this.events.slice(before)
  }

  [Symbol.dispose](): void {
    this.ws.terminate()
  }
}

export function isTerminal({ type }: JsonObject): boolean {
  return type === 'error' || /^response\.(completed|failed|incomplete)$/.test(String(type))
}
