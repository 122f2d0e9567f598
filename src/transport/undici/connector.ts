import type { Socket as NetSocket } from 'node:net'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { net, tls } from '../../core/builtins.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { directRead } from './direct-read.ts'
import { chooseProxy, openTunnel, type ProxyChoice } from './proxy.ts'
import type { TlsOptions } from './tls-options.ts'

export type Socket = NetSocket

/** A connection that is being opened. `destroy` ends it at any time, also before it is connected. */
export interface Dial {
  destroy(): void
}

const KEEP_ALIVE_PROBE_MS = 60_000
/**
 * Number of remembered sessions, one per origin. Strong references, because weak ones are collected between two
 * connects.
 */
const MAX_SESSIONS = 100

/**
 * Opens connections, and keeps TLS sessions and one `SecureContext`, so that a new generation of clients connects
 * cheaply. Returns a `Dial` for each socket while it connects, because a client that is destroyed before that would
 * otherwise leave its socket open until the connect times out.
 */
export class Connector {
  readonly #tls: TlsOptions
  readonly #proxyFor: ProxyChoice
  readonly #sessions = new Map<string, Buffer>()
  #secureContext: SecureContext | undefined

  constructor(options: { readonly tls?: TlsOptions | undefined; readonly proxy?: string | undefined }) {
    this.#tls = { ...options.tls }
    this.#proxyFor = chooseProxy(options.proxy)
    // Invalid settings fail here and not at every attempt.
    if (options.tls !== undefined) this.#context()
  }

  /** Calls back exactly once, unless it is destroyed before. */
  open(origin: URL, callback: (error: Error | null, socket: Socket | null) => void): Dial {
    const host = origin.hostname.replace(/^\[|\]$/g, '')
    const secure = origin.protocol === 'https:'
    const port = Number(origin.port) || (secure ? 443 : 80)
    const proxy = this.#proxyFor(origin)
    let current: Dial
    let over = false
    const finish = (error: Error | null, socket: Socket | null): void => {
      if (over) {
        socket?.destroy()
        return
      }
      over = true
      callback(error, socket)
    }
    if (proxy === undefined) {
      current = secure ? this.#openTls(origin, host, port, undefined, finish) : openTcp(host, port, finish)
    } else {
      current = openTunnel(proxy, { host, port }, { ca: this.#ca }, (error, stream) => {
        if (error !== null || over) {
          stream?.destroy()
          finish(error ?? null, null)
        } else if (secure) {
          current = this.#openTls(origin, host, port, stream as Socket, finish)
        } else {
          finish(null, stream as Socket)
        }
      })
    }
    return {
      destroy: () => {
        over = true
        current.destroy()
      },
    }
  }

  #openTls(
    origin: URL,
    host: string,
    port: number,
    over: Socket | undefined,
    finish: (error: Error | null, socket: Socket | null) => void,
  ): Dial {
    const { servername, rejectUnauthorized } = this.#tls
    const socket = tls.connect({
      ...(over === undefined ? { host, port, onread: directRead } : { socket: over }),
      // An IP address must not be sent as a server name (RFC 6066 3). It is still verified, as `host`.
      servername: servername ?? (net.isIP(host) ? '' : host),
      ...(over === undefined ? {} : { host }),
      ALPNProtocols: ['http/1.1'],
      secureContext: this.#context(),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      session: this.#sessions.get(origin.origin),
    })
    socket.on('session', (session) => this.#remember(origin.origin, session))
    return awaitConnect(socket, 'secureConnect', finish)
  }

  get #ca(): string | Buffer | Array<string | Buffer> | undefined {
    return this.#tls.ca as string | Buffer | Array<string | Buffer> | undefined
  }

  #context(): SecureContext {
    this.#secureContext ??= this.#createContext()
    return this.#secureContext
  }

  #createContext(): SecureContext {
    const { cert, key, passphrase, minVersion, maxVersion } = this.#tls
    const given = { ca: this.#ca, cert, key, passphrase, minVersion, maxVersion } as SecureContextOptions
    try {
      // OpenSSL ignores an unreadable `ca`, and would then refuse every certificate.
      for (const pem of [given.ca ?? []].flat()) if (!pem.includes('-----BEGIN ')) throw new Error('ca is not PEM')
      return tls.createSecureContext(given)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'no further detail'
      throw new ConfigurationError(
        `tls: not usable (${why}); accepted are ca, cert and key in PEM, with the passphrase of the key.`,
        'tls',
      )
    }
  }

  #remember(origin: string, session: Buffer): void {
    this.#sessions.delete(origin)
    this.#sessions.set(origin, session)
    if (this.#sessions.size <= MAX_SESSIONS) return
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest)
      return
    }
  }
}

function openTcp(host: string, port: number, finish: (error: Error | null, socket: Socket | null) => void): Dial {
  return awaitConnect(net.connect({ host, port, onread: directRead }), 'connect', finish)
}

function awaitConnect(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  finish: (error: Error | null, socket: Socket | null) => void,
): Dial {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS)
  let settled = false
  const settle = (error: Error | null): void => {
    if (settled) return
    settled = true
    // First, because for a third listener Node allocates room for nineteen.
    socket.off('close', onClose).off('error', settle)
    finish(error, error === null ? socket : null)
    // A socket without a listener would turn a late error into an uncaught exception.
    if (socket.listenerCount('error') === 0) socket.on('error', settle)
  }
  const onClose = (): void => settle(Object.assign(new Error('closed while connecting'), { code: 'ECONNRESET' }))
  socket.once(event, () => settle(null))
  socket.on('error', settle)
  socket.once('close', onClose)
  return { destroy: () => socket.destroy() }
}
