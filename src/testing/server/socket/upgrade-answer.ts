import { STATUS_CODES } from 'node:http'
import { statusAnswer } from '../answer.ts'
import type { Connection } from '../connection.ts'
import type { SocketRecord } from '../records.ts'
import { defaultErrorBody } from '../upstream-errors.ts'

/** An HTTP answer that refuses an upgrade. Its bytes are made here, because Node's HTTP server no longer uses the socket. */
export class UpgradeAnswer {
  readonly #connection: Connection
  readonly #socket: SocketRecord

  constructor(connection: Connection, socket: SocketRecord) {
    this.#connection = connection
    this.#socket = socket
  }

  /** Closes the connection after the answer. */
  async sendStatus(status: number, given: Readonly<Record<string, string>>, body: unknown): Promise<void> {
    const answer = statusAnswer(status, given, body ?? (status >= 400 ? defaultErrorBody(status) : undefined))
    const headers = { connection: 'close', ...answer.headers }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    this.#socket.status = status
    await this.#connection.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${answer.text}`,
    )
    this.#connection.close()
  }
}
