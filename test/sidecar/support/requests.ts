import http from 'node:http'
import net from 'node:net'
import type { Sidecar } from '../../../src/sidecar/index.ts'

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A request with headers that a browser's `fetch` would not send; the answer, read whole. */
export function ask(
  sidecar: Sidecar,
  { method = 'GET', path = '/v1/models', headers = {}, body }: Asked = {},
): Promise<Answer> {
  const { hostname, port } = new URL(sidecar.url)
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

export const JSON_HEADERS = { 'content-type': 'application/json', authorization: 'Bearer key-of-the-client' }

/** A streaming Responses call, as `openai` and Codex send it. */
export function stream(sidecar: Sidecar, more: object = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${sidecar.url}/v1/responses`, {
    method: 'POST',
    headers: JSON_HEADERS,
    body: JSON.stringify({ model: 'gpt-5.2', input: 'hi', stream: true, store: false, ...more }),
    ...(signal !== undefined && { signal }),
  })
}

/** Sends bytes as they are; what comes back until the sidecar closes the connection, or until `done` is satisfied. */
export function exchange(sidecar: Sidecar, bytes: string, done?: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = net.connect(Number(new URL(sidecar.url).port), '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => {
      text += chunk
      if (done?.(text)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}
