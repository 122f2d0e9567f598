import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeaderPairs } from '../transport/transport.ts'

/** `/healthz` and `/readyz`: whether the sidecar runs, and whether it takes calls. */
export function answerHealth(response: ServerResponse, isDraining: boolean): void {
  response.writeHead(isDraining ? 503 : 200, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
  response.end(isDraining ? 'draining\n' : 'ok\n')
}

/** A browser asks whether a page of an allowed origin may send a request. */
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
 * Answers a request after which the connection would no longer be HTTP. Clients that know WebSockets fall back to HTTP at
 * once.
 */
export function refuseRaw(socket: Duplex, status: string): void {
  socket.on('error', () => {})
  // A client that leaves its side open would otherwise keep the connection.
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}
