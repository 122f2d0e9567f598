import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeaderPairs } from '../transport/transport.ts'

/** Answers `/healthz` (the sidecar runs) and `/readyz` (the sidecar accepts calls). */
export function answerHealth(response: ServerResponse, isDraining: boolean): void {
  response.writeHead(isDraining ? 503 : 200, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
  response.end(isDraining ? 'draining\n' : 'ok\n')
}

/** Answers a CORS preflight of a browser for a page of an allowed origin. */
export function isPreflight(request: IncomingMessage, more: HeaderPairs): boolean {
  return request.method === 'OPTIONS' && more.length > 0 && 'access-control-request-method' in request.headers
}

export function answerPreflight(request: IncomingMessage, response: ServerResponse, more: HeaderPairs): void {
  const asked = request.headers['access-control-request-headers']
  response.writeHead(204, {
    ...Object.fromEntries(more),
    'access-control-allow-methods': 'GET, POST, DELETE',
    ...(asked !== undefined && { 'access-control-allow-headers': asked }),
    'access-control-max-age': '600',
  })
  response.end()
}

/**
 * Refuses an upgrade or CONNECT, after which the connection would no longer be HTTP. Clients that try a WebSocket then use HTTP
 * at once.
 */
export function refuseRaw(
  socket: Duplex,
  status: string,
  { body = '', headers = [] }: { readonly body?: string; readonly headers?: HeaderPairs } = {},
): void {
  socket.on('error', () => {})
  const more = [...headers, ...(body === '' ? [] : [['Content-Type', 'application/json'] as const])]
  const lines = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...more.map(([name, value]) => `${name}: ${value}`),
  ]
  // Ends the connection even if the client does not close its side.
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
