import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Clock, systemClock } from '../core/clock.ts'

/** How long the steps of one connection took. Milliseconds. */
export interface ConnectionTimes {
  readonly dnsMs: number
  readonly connectMs: number
  /** Absent for `http:`. */
  readonly tlsMs?: number
}

export interface FailedConnection {
  readonly step: 'dns' | 'connect' | 'tls'
  /** A code of the system or of TLS, for example `ECONNREFUSED`. */
  readonly code: string
}

const PATIENCE_MS = 10_000

/** Opens one connection, measures its steps, and closes it. Never rejects. */
export async function timeConnection(
  url: URL,
  { signal, clock = systemClock }: { readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<ConnectionTimes | FailedConnection> {
  let step: FailedConnection['step'] = 'dns'
  let socket: Socket | undefined
  const stop = new AbortController()
  const timer = clock.setTimer(
    () => stop.abort(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    PATIENCE_MS,
  )
  const ended = AbortSignal.any([signal, stop.signal])
  try {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const startedAt = clock.now()
    const { address } = await orEnded(lookup(host), ended)
    const foundAt = clock.now()
    step = 'connect'
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    socket = connect({ host: address, port })
    await orEnded(heard(socket, 'connect'), ended)
    const connectedAt = clock.now()
    const times = { dnsMs: foundAt - startedAt, connectMs: connectedAt - foundAt }
    if (url.protocol === 'http:') return times
    step = 'tls'
    const secure = connectTls({ socket, servername: host, ALPNProtocols: ['http/1.1'] })
    socket = secure
    await orEnded(heard(secure, 'secureConnect'), ended)
    return { ...times, tlsMs: clock.now() - connectedAt }
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    return { step, code: typeof code === 'string' && /^\w{1,60}$/.test(code) ? code : 'failed' }
  } finally {
    clock.clearTimer(timer)
    socket?.on('error', () => {})
    socket?.destroy()
  }
}

function heard(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.once('error', reject)
  })
}

function orEnded<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason)
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}
