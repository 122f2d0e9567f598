import { type RawData, WebSocket } from 'ws'
import type { Sidecar } from '../../../src/sidecar/index.ts'
import { until, within } from '../../support/until.ts'

export type Message = Readonly<Record<string, unknown>> & { readonly type: string }

/** A client with a WebSocket to the sidecar, as Codex has one. */
export class TestSocket {
  readonly ws: WebSocket
  readonly messages: Message[] = []
  readonly texts: string[] = []
  /** Of the 101. */
  headers: Readonly<Record<string, string | string[] | undefined>> = {}
  /** The code of the close frame, once it is closed. */
  readonly closed: Promise<number>
  #read = 0

  static async open(
    sidecar: Sidecar,
    options: { headers?: Record<string, string>; path?: string } = {},
  ): Promise<TestSocket> {
    const { headers = {}, path = '/v1/responses' } = options
    const socket = new TestSocket(`${sidecar.url.replace('http', 'ws')}${path}`, {
      authorization: 'Bearer key-of-the-client',
      ...headers,
    })
    await within(
      new Promise<void>((resolve, reject) => socket.ws.once('open', resolve).once('error', reject)),
      'the upgrade',
    )
    return socket
  }

  private constructor(url: string, headers: Record<string, string>) {
    this.ws = new WebSocket(url, { headers, perMessageDeflate: true })
    this.ws.on('upgrade', (answer) => {
      this.headers = answer.headers
    })
    this.ws.on('message', (data: RawData) => {
      const text = String(data)
      this.texts.push(text)
      this.messages.push(JSON.parse(text) as Message)
    })
    this.ws.on('error', () => {})
    this.closed = new Promise((resolve) => this.ws.once('close', resolve))
  }

  send(message: object | string): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  create(more: object = {}): void {
    this.send({ type: 'response.create', model: 'gpt-5.2', input: [user('hi')], store: false, stream: true, ...more })
  }

  /** Reads on to the next message of one of these types. */
  async next(...types: string[]): Promise<Message> {
    let found = -1
    await until(
      () => {
        found = this.messages.findIndex(({ type }, i) => i >= this.#read && types.includes(type))
        return found !== -1
      },
      () => `a message ${types.join(' or ')}; got ${this.messages.slice(this.#read).map(({ type }) => type)}`,
    )
    this.#read = found + 1
    return this.messages[found] as Message
  }

  /** Asks for a response and reads it; its id. */
  async turn(more: object = {}): Promise<string> {
    this.create(more)
    const end = await this.next('response.completed', 'error')
    if (end.type === 'error') throw new Error(JSON.stringify(end))
    return (end.response as { readonly id: string }).id
  }

  async close(): Promise<void> {
    this.ws.close()
    await this.closed
  }
}

export const user = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] })

/** The status by which an upgrade is refused, and what the answer says. */
export function refusedUpgrade(
  sidecar: Sidecar,
  headers: Record<string, string> = {},
  path = '/v1/responses',
): Promise<{ status: number; body: string; headers: Readonly<Record<string, string | string[] | undefined>> }> {
  return within(
    new Promise((resolve, reject) => {
      const ws = new WebSocket(`${sidecar.url.replace('http', 'ws')}${path}`, { headers })
      ws.on('error', () => {})
      ws.once('open', () => {
        ws.terminate()
        reject(new Error('the upgrade was accepted'))
      })
      ws.once('unexpected-response', (_request, answer) => {
        let body = ''
        answer.on('data', (bytes: Buffer) => {
          body += bytes
        })
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers }))
      })
    }),
    'the answer to the upgrade',
  )
}
