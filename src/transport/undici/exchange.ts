import type { TimerHandle } from '../../core/clock.ts'
import type { Member } from '../../core/live-set.ts'
import { blamesConnection } from '../blame.ts'
import type { BodySource } from '../body-source.ts'
import { codingsOf, decodedHeaders } from '../decode.ts'
import type { ConnectionInfo, Exchange, ExchangeObserver, TransportRequest } from '../transport.ts'
import type { Carrier, ExchangeSource } from './carrier.ts'
import type { ConnectionUser } from './connection.ts'
import { headerPairs } from './raw-headers.ts'
import { toDispatch } from './request.ts'
import { type BodyOwner, ResponseBody } from './response-body.ts'
import { reportHead } from './response-head.ts'
import type { Dispatcher } from './undici-parts.ts'

const DRAIN_MS = 100
const DRAIN_BYTES = 64 * 1024

/** What is known about a connection that a caller's dispatcher chose. */
const UNKNOWN_CONNECTION: ConnectionInfo = { generation: 0, reused: false, connectionId: undefined }

/** One exchange over undici's dispatch interface. */
export class UndiciExchange implements Exchange, ConnectionUser, BodyOwner, Dispatcher.DispatchHandler, Member {
  place = -1
  readonly #request: TransportRequest
  readonly #source: ExchangeSource
  #giveUpWaiting: (() => void) | undefined
  #observer: ExchangeObserver | undefined
  #carrier: Carrier | undefined
  #controller: Dispatcher.DispatchController | undefined
  #requestBody: BodySource | undefined
  #body: ResponseBody | undefined
  #started = false
  #requestSent = false
  #sentReported = false
  #responseEnded = false
  #paused = false
  #drained = 0
  #drainTimer: TimerHandle | undefined
  #over = false

  constructor(request: TransportRequest, observer: ExchangeObserver, source: ExchangeSource) {
    this.#request = request
    this.#observer = observer
    this.#source = source
    this.#giveUpWaiting = source.carrierFor(request, (error, carrier) => {
      this.#giveUpWaiting = undefined
      if (carrier === undefined) this.#fail(error)
      else this.#start(carrier)
    })
  }

  // Called by the owner of the exchange.

  pause(): void {
    if (this.#paused || this.#drainTimer !== undefined) return
    this.#paused = true
    if (this.#body === undefined) this.#controller?.pause()
    else this.#body.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#body === undefined) this.#controller?.resume()
    else this.#body.resume()
  }

  destroy(): void {
    this.#observer = undefined
    this.#end('broken')
  }

  drain(): void {
    if (this.#over || this.#drainTimer !== undefined) return
    this.#observer = undefined
    this.#body?.discard()
    // Without a head there is nothing to drain. After the end only the decoder still had data.
    if (this.#body === undefined || this.#responseEnded) {
      this.#end(this.#responseEnded ? 'clean' : 'broken')
      return
    }
    this.#paused = false
    this.#drainTimer = this.#source.clock.setTimer(() => this.#end('broken'), DRAIN_MS, { unref: true })
    this.#controller?.resume()
  }

  /** The transport is being destroyed. */
  fail(error: unknown): void {
    this.#fail(error)
  }

  poison(reason: string): void {
    if (this.#carrier?.kind === 'leased') this.#carrier.lease.poison(reason)
  }

  // Called by the connection.

  onConnecting(): void {
    this.#observer?.connecting()
  }

  onConnected(): void {
    if (this.#carrier?.kind !== 'leased') return
    const { connection, lease } = this.#carrier
    this.#observer?.connected({
      generation: lease.generation,
      reused: connection.served > 1,
      connectionId: connection.id,
    })
  }

  onFlushed(): void {
    if (this.#sentReported) return
    if (this.#requestSent) this.#reportSent()
    else this.#observer?.sending()
  }

  // Called by undici.

  /** May run twice. The later controller counts. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('the exchange has ended'))
    else if (this.#carrier?.kind === 'leased') this.#carrier.connection.expectHead()
    else if (!this.#started) this.#observer?.connected(UNKNOWN_CONNECTION)
    this.#started = true
  }

  onBodySent(): void {
    if (this.#carrier?.kind === 'foreign' && !this.#sentReported) this.#observer?.sending()
  }

  onRequestSent(): void {
    this.#requestSent = true
    // undici writes the end of a streamed body only after this call.
    queueMicrotask(() => this.#checkSent())
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: Record<string, string | string[] | undefined>,
    statusText?: string,
  ): void {
    // Interim answers (1xx) do not decide anything.
    if (status < 200 || this.#over) return
    this.#checkSent()
    // An endpoint may answer before it has read everything. The rest of the request does not matter then.
    this.#sentReported = true
    const connection = this.#carrier?.kind === 'leased' ? this.#carrier.connection : undefined
    const isOurs = connection !== undefined
    const headers = headerPairs(controller?.rawHeaders ?? undefined, parsed, isOurs)
    const bodyless = this.#request.method === 'HEAD' || status === 204 || status === 205 || status === 304
    const codings = bodyless ? [] : (codingsOf(headers) ?? [])
    // Views of the read buffer, which are not used again. A stream would hold them to its end.
    if (isOurs && controller !== null) controller.rawHeaders = null
    const observer = this.#observer
    if (observer === undefined) return
    this.#body = new ResponseBody(codings, observer, this)
    if (connection !== undefined) connection.body = this.#body
    if (this.#paused) this.#body.pause()
    const shown = codings.length > 0 ? decodedHeaders(headers) : headers
    reportHead(observer, { status, statusText: statusText ?? '', headers: shown }, isOurs ? parsed : undefined)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // An empty chunk after a resume would make a reader pull for ever.
    if (chunk.length === 0 || this.#over) return
    if (this.#drainTimer !== undefined) {
      this.#drained += chunk.length
      if (this.#drained > DRAIN_BYTES) this.#end('broken')
      return
    }
    if (this.#paused) controller?.pause()
    // Without a further read while reading is paused. Reads of a caller's dispatcher cannot be seen.
    const isTold = this.#carrier?.kind === 'leased' && this.#carrier.connection.parsing && !controller?.paused
    this.#body?.write(chunk, isTold)
  }

  onResponseEnd(): void {
    if (this.#over) return
    const cut = this.#carrier?.kind === 'leased' ? this.#carrier.connection.failure : undefined
    if (cut !== undefined) {
      // A reset has cut a body without a length. undici reports that as its end.
      this.onResponseError(undefined as never, cut)
      return
    }
    this.#responseEnded = true
    if (this.#drainTimer !== undefined || this.#body === undefined) this.#complete()
    else this.#body.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, reported: Error): void {
    if (this.#over) return
    const error = this.#carrier?.kind === 'leased' ? this.#carrier.connection.whyEnded(reported) : reported
    if (this.#body === undefined || this.#drainTimer !== undefined) this.#fail(error)
    else {
      this.#blame(error)
      this.#body.fail(error)
    }
  }

  // Called by the body.

  onBodyEnd(): void {
    this.#complete()
  }

  onBodyError(error: unknown): void {
    this.#fail(error)
  }

  onBodyFlow(on: boolean): void {
    if (on) this.#controller?.resume()
    else this.#controller?.pause()
  }

  // Private.

  #start(carrier: Carrier): void {
    this.#carrier = carrier
    const target: Dispatcher = carrier.kind === 'leased' ? carrier.connection.client : carrier.dispatcher
    if (carrier.kind === 'leased') {
      carrier.connection.user = this
      carrier.connection.served++
      // An open connection does not report this again.
      if (carrier.connection.served > 1) this.onConnected()
      // The observer may have ended the exchange during this report.
      if (this.#over) return
    }
    try {
      const { options, source } = toDispatch(this.#request)
      this.#requestBody = source
      target.dispatch(options, this)
    } catch (error) {
      this.#fail(error)
    }
  }

  #checkSent(): void {
    if (!this.#requestSent || this.#over) return
    if (this.#carrier?.kind === 'leased' && !this.#carrier.connection.flushed) return
    this.#reportSent()
  }

  #reportSent(): void {
    if (this.#sentReported) return
    this.#sentReported = true
    this.#observer?.sent()
  }

  #complete(): void {
    if (this.#over) return
    const observer = this.#observer
    this.#observer = undefined
    this.#end('clean')
    observer?.end()
  }

  #fail(error: unknown): void {
    if (this.#over) return
    const observer = this.#observer
    this.#observer = undefined
    this.#blame(error)
    this.#end('broken')
    observer?.error(error)
  }

  #blame(error: unknown): void {
    if (blamesConnection(error)) this.poison(error instanceof Error ? error.message : 'failed')
  }

  /** The only end of every exchange: the connection is kept or destroyed, the lease ends, and nothing stays armed. */
  #end(how: 'clean' | 'broken'): void {
    if (this.#over) return
    this.#over = true
    this.#giveUpWaiting?.()
    if (this.#drainTimer !== undefined) this.#source.clock.clearTimer(this.#drainTimer)
    this.#body?.discard()
    this.#requestBody?.stop()
    const carrier = this.#carrier
    if (carrier?.kind === 'leased') {
      if (how === 'clean') carrier.lease.client.giveBack(carrier.connection)
      else carrier.connection.destroy('by_client')
      carrier.lease.release()
      this.#source.leavePlace(this.#request.url.origin)
    } else if (carrier?.kind === 'foreign' && how === 'broken') {
      // Only this exchange is aborted: the dispatcher belongs to the caller.
      this.#controller?.abort(new Error('the exchange has ended'))
    }
    this.#source.onEnded(this)
  }
}
