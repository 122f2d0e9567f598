import type { Failure } from '../errors/failure.ts'
import type { WholeBecause } from '../telemetry/events.ts'
import type { HeaderPairs, SocketConnection } from '../transport/transport.ts'
import type { Fallback } from '../transport/websocket/fallback.ts'
import {
  type Fit,
  fitRequest,
  printOfKnown,
  type RequestPrint,
  requestPrintOf,
  type Turn,
} from '../transport/websocket/fit.ts'
import type { ResponsesSocket } from '../transport/websocket/socket.ts'
import { TOO_LARGE } from '../transport/websocket/socket-failure.ts'
import type { SocketKey } from '../transport/websocket/socket-key.ts'
import type { SocketLease } from '../transport/websocket/socket-lease.ts'
import type { WebSocketTransport } from '../transport/websocket/websocket-transport.ts'
import type { WebSocketSettings } from '../transport/websocket-options.ts'
import { isOfSocket } from './of-socket.ts'
import { type CreateBody, incrementMessage, needsHttp, readCreate, wholeBytes, wholeMessage } from './socket-body.ts'
import { LOST, NOT_ON_SOCKET, NOTHING_SENT, strictVerdict } from './socket-loss.ts'
import type { EndedAttempt, RoutedCall, SocketPlan, SocketRoute, SocketVerdict } from './socket-plan.ts'

/** Shared by all calls of a client. */
export interface SocketSource {
  readonly transport: WebSocketTransport
  readonly fallback: Fallback
  readonly settings: Pick<WebSocketSettings, 'incremental'>
  keyOf(url: URL, headers: HeaderPairs): SocketKey
}

/** An attempt that is sent on a socket. */
interface Planned {
  readonly lease: SocketLease
  readonly key: SocketKey
  readonly isIncrement: boolean
}

type Increment = Extract<Fit, { kind: 'incremental' }>

/** One message on a socket that continues what its server knows. */
interface Fitting {
  readonly socket: ResponsesSocket
  readonly turn: Turn
  readonly print: RequestPrint
  readonly fit: Increment
}

/** Plans the attempts of one call that can be sent on a socket. */
export class CallSocketRoute implements SocketRoute {
  readonly #call: RoutedCall
  readonly #source: SocketSource
  readonly #planned = new WeakMap<SocketConnection, Planned>()
  #hasPlanned = false
  #lastKey: SocketKey | undefined
  /** Set once the call uses only HTTP from then on. */
  #httpBecause: WholeBecause | undefined
  #wholeBecause: WholeBecause = 'retry'
  /** The request was sent again at once on a new socket. This happens at most once per call. */
  #hasMoved = false
  #notGranted = 0
  #closedEarly = 0

  constructor(call: RoutedCall, source: SocketSource) {
    this.#call = call
    this.#source = source
  }

  get isStrict(): boolean {
    const { continuation, continues } = this.#call.effective.traits
    return continuation && continues !== undefined && this.#source.transport.pool.isOnlyCopy(continues)
  }

  plan({ url, headers, isHedge, isRefreshed }: Parameters<SocketRoute['plan']>[0]): SocketPlan {
    const isFirst = !this.#hasPlanned
    this.#hasPlanned = true
    const { request, effective } = this.#call
    const key = this.#source.keyOf(url, headers)
    if (isRefreshed && this.#lastKey !== undefined && this.#lastKey.id !== key.id)
      this.#source.transport.pool.retire(this.#lastKey)
    this.#lastKey = key
    const isStream = effective.traits.latency.kind === 'stream'
    const body = readCreate(effective.body, headers)
    if (this.isStrict) {
      if (!isStream || request.dispatcher !== undefined || body === undefined)
        return { kind: 'lost', why: NOT_ON_SOCKET }
      return this.#strict(body, key)
    }
    if (!isStream) return this.#http('field:stream')
    if (request.dispatcher !== undefined) return this.#http('no_socket')
    if (body === undefined) return this.#http('body')
    const because = this.#httpBecause ?? needsHttp(body) ?? this.#notUpgraded(key)
    if (because !== undefined) return this.#http(because)
    const print = this.#source.settings.incremental ? requestPrintOf(body.json) : undefined
    if (!isFirst || isHedge) return this.#whole(body, key, print, isHedge ? 'hedge' : this.#wholeBecause, true)
    const found = print === undefined ? 'off' : this.#fitting(key, print)
    const increment = typeof found === 'string' ? undefined : this.#increment(found, body, key)
    return (
      increment ??
      this.#whole(body, key, print, typeof found === 'string' ? found : 'no_socket', !effective.isRepeatable)
    )
  }

  after(attempt: EndedAttempt, failed: Failure, willRefresh: boolean): SocketVerdict {
    const { connection } = attempt.request
    if (typeof connection === 'string') return undefined
    const planned = this.#planned.get(connection)
    if (planned === undefined) return undefined
    if (connection.strict) return strictVerdict(failed)
    const { record } = attempt
    if (record === undefined) return undefined
    // Generations of sockets are counted from 1, as soon as there is one.
    if (record.generation === 0) return this.#afterUpgrade(planned, failed, willRefresh)
    if (planned.isIncrement && failed.code === 'previous_response_not_found') return this.#moveOn('not_found', true)
    if (isOfSocket(failed)) {
      if (this.#hasMoved) return this.#stayWithHttp('aged')
      return this.#moveOn('aged', true)
    }
    if (failed.closeCode === TOO_LARGE) return this.#stayWithHttp('size', record.firstEventAtMs === undefined)
    if (!LOST_SOCKET.has(failed.code)) return undefined
    if (record.firstEventAtMs === undefined && ++this.#closedEarly > 1) this.#httpBecause = 'closed'
    return record.connectionReused && !this.#hasMoved ? this.#moveOn('retry', false) : undefined
  }

  /** The endpoint refused the upgrade, or did not answer it. */
  #afterUpgrade({ lease, key }: Planned, failed: Failure, willRefresh: boolean): SocketVerdict {
    const { fallback } = this.#source
    const status = failed.status ?? failed.upgradeStatus
    if (status !== undefined) {
      // A second hint may come from a proxy that refuses each upgrade, where the POST would be answered.
      const isPutOff = status !== 401 && failed.hintMs !== undefined && ++this.#notGranted < 2
      if ((status === 401 && willRefresh) || isPutOff) return undefined
      fallback.refused(key, status === 401 || status === 403)
      return this.#stayWithHttp('not_upgraded')
    }
    // If the host could not be reached, HTTP would not have reached it either.
    if (!lease.socket.hasConnected || failed.lane === undefined) return undefined
    if (++this.#notGranted < 2) return { kind: 'again', isUnprocessed: true }
    fallback.refused(key)
    return this.#stayWithHttp('not_upgraded')
  }

  #stayWithHttp(because: WholeBecause, isUnprocessed = true): SocketVerdict {
    this.#httpBecause = because
    return { kind: 'again', isUnprocessed }
  }

  #moveOn(because: WholeBecause, isUnprocessed: boolean): SocketVerdict {
    this.#wholeBecause = because
    this.#hasMoved = true
    return { kind: 'again', isUnprocessed }
  }

  #notUpgraded(key: SocketKey): WholeBecause | undefined {
    const { fallback, transport } = this.#source
    const served = fallback.servesFor(key)
    if (served === false) return undefined
    if (served === 'probe') {
      const { ms } = this.#call.context.timeouts.connectMs
      const isUnderWay = transport.pool.prepare(key, ms, (end) => {
        if (end === 'given_up') fallback.notProbed(key)
        else if (end === undefined) fallback.upgraded(key)
        else fallback.refused(key)
      })
      if (!isUnderWay) fallback.notProbed(key)
    }
    return 'not_upgraded'
  }

  #http(because: WholeBecause): SocketPlan {
    const { body } = this.#call.effective
    const bytes = body.kind === 'bytes' ? body.bytes.length : body.kind === 'stream' ? (body.length ?? 0) : 0
    const facts = {
      sent: 'whole',
      bytesWhole: bytes,
      bytesSent: bytes,
      wholeBecause: because,
    } as const
    return { kind: 'http', facts }
  }

  #strict(body: CreateBody, key: SocketKey): SocketPlan {
    const { continues } = this.#call.effective.traits
    const lease = this.#source.transport.pool.leaseOwner(continues as string, key)
    if (typeof lease === 'string') return { kind: 'lost', why: `${LOST[lease]} ${NOTHING_SENT}` }
    return this.#onSocket(lease, key, wholeMessage(body), { body, print: undefined, isStrict: true })
  }

  /** The idle socket whose server knows most of the request, or the reason why no socket fits. */
  #fitting(key: SocketKey, print: RequestPrint): Fitting | WholeBecause {
    if (print.onlyWhole !== undefined) return shown(print.onlyWhole)
    let best: Fitting | undefined
    let because: WholeBecause | undefined
    for (const socket of this.#source.transport.pool.idleOf(key)) {
      const { turn } = socket
      if (turn === undefined) continue
      const fit = fitRequest(turn, print)
      if (fit.kind === 'whole') because ??= shown(fit.because)
      else if (best === undefined || fit.known > best.fit.known) best = { socket, turn, print, fit }
    }
    return best ?? because ?? 'no_socket'
  }

  /** @returns `undefined` if the increment cannot be serialised or is too large. */
  #increment({ socket, turn, print, fit }: Fitting, body: CreateBody, key: SocketKey): SocketPlan | undefined {
    const { pool } = this.#source.transport
    const message = incrementMessage(body, fit)
    if (message === undefined || message.length > pool.maxMessageBytes(key)) return undefined
    const lease = pool.lease(socket)
    return lease && this.#onSocket(lease, key, message, { body, print: printOfKnown(turn, print, fit), fit })
  }

  #whole(
    body: CreateBody,
    key: SocketKey,
    print: RequestPrint | undefined,
    wholeBecause: WholeBecause,
    fresh: boolean,
  ): SocketPlan {
    const { pool } = this.#source.transport
    const bytes = wholeBytes(body)
    if (bytes > pool.maxMessageBytes(key)) return this.#http('size')
    const lease = pool.leaseAny(key, { fresh, bytes })
    if (lease === undefined) return this.#http('no_socket')
    return this.#onSocket(lease, key, wholeMessage(body), { body, print, wholeBecause })
  }

  #onSocket(
    lease: SocketLease,
    key: SocketKey,
    message: Buffer,
    how: {
      readonly body: CreateBody
      readonly print: RequestPrint | undefined
      readonly fit?: Increment
      readonly wholeBecause?: WholeBecause
      readonly isStrict?: boolean
    },
  ): SocketPlan {
    const { body, print, fit, wholeBecause, isStrict = false } = how
    lease.carry({
      bytes: message,
      print: print?.onlyWhole === undefined ? print : undefined,
      isOnlyCopy: body.json.store === false,
      hiddenPreviousId: fit?.previousResponseId,
    })
    const connection: SocketConnection = { socket: lease, strict: isStrict }
    this.#planned.set(connection, { lease, key, isIncrement: fit !== undefined })
    return {
      kind: 'socket',
      transport: this.#source.transport,
      connection,
      facts: {
        sent: fit === undefined ? 'whole' : 'incremental',
        bytesWhole: wholeBytes(body),
        bytesSent: message.length,
        ...(wholeBecause !== undefined && { wholeBecause }),
      },
    }
  }
}

/** Failures that end a socket, whatever the request. */
const LOST_SOCKET: ReadonlySet<Failure['code']> = new Set<Failure['code']>([
  'socket_closed',
  'ping_timeout',
  'connection_reset',
  'connection_closed',
  'connection_failed',
  'protocol_error',
])

/** The caller chose the name of the field, so it is shown only if it looks like a name. */
function shown(because: string): WholeBecause {
  return /^(?:field:\w{1,64}|item:\d+)$/.test(because) ? (because as WholeBecause) : 'field:other'
}
