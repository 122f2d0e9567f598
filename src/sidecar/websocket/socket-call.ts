import type { ClientPeer } from '../../client/client-peer.ts'
import { toIsoTime } from '../../core/clock.ts'
import { isResilientError } from '../../errors/errors.ts'
import { findResilientError } from '../../errors/find.ts'
import {
  answerOfFailure,
  comeBackHeaders,
  hintIn,
  isPassing,
  judgeAnswer,
  type MadeAnswer,
  withoutComeBack,
} from '../answers.ts'
import type { CallFacts } from '../call-facts.ts'
import type { Refusal } from '../guard.ts'
import { headersDown } from '../headers.ts'
import type { SidecarLogEntry } from '../log-entry.ts'
import type { SidecarSettings } from '../options.ts'
import type { CallProgress } from '../page/under-way.ts'
import type { ClientSocket } from './client-socket.ts'
import { bodyOf, type CreateMessage, isPrewarm, readMessage } from './create-message.ts'
import { errorIn, errorMessage, errorMessageOf, madeError, type UpstreamErrorMessage } from './error-frame.ts'
import { MessageReader, prewarmEvents } from './messages.ts'
import { SilenceBreaker } from './silence-breaker.ts'

export interface SocketCallContext {
  readonly id: number
  /** Without the query. */
  readonly path: string
  readonly url: URL
  /** What goes to the upstream of the headers of the upgrade. */
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly peer: ClientPeer
  readonly socket: ClientSocket
  readonly settings: SidecarSettings
  readonly facts: CallFacts
  /** What is left of the retry budget of the upstream. */
  budget(): number | undefined
  /** Puts before a request what only the sidecar has of the response that it continues. */
  complete(message: CreateMessage): CreateMessage
  /** The upstream has not answered a prewarm, and the sidecar has: requests will continue this id. */
  answered(id: string, message: CreateMessage): void
}

/** How long the upstream has for the answer to a prewarm, which needs no model. Milliseconds. */
const PREWARM_MS = 5000

/** Messages that hold no output of the model. */
const BEFORE_OUTPUT = /^\{"type":"(?:response\.(?:created|in_progress|queued)|keepalive|codex\.[^"]*)"/

/** Why a prewarm is given up. */
const UNANSWERED = new Error('the upstream did not answer the prewarm in time')

/** One `response.create` of a client: a call to the upstream, whose events come back as messages. */
export class SocketCall {
  readonly #context: SocketCallContext
  readonly #abort = new AbortController()
  readonly #startedAt: number
  readonly #time: string
  readonly #silence: SilenceBreaker
  #firstByteMs: number | undefined
  #bytes = 0
  #hadOutput = false
  #status: number | undefined
  #outcome: SidecarLogEntry['outcome'] = 'left'
  #code: string | undefined

  constructor(context: SocketCallContext) {
    this.#context = context
    this.#startedAt = context.settings.clock.now()
    this.#silence = new SilenceBreaker(context.settings, context.socket)
    this.#time = toIsoTime(context.settings.clock.wallNow())
  }

  /** Resolves when the call is over, whatever becomes of it. */
  async run(text: string): Promise<SidecarLogEntry> {
    this.#silence.start()
    try {
      const message = readMessage(text)
      if ('status' in message) await this.#refuse(message)
      else if (isPrewarm(message)) await this.#prewarm(this.#context.complete(message))
      else await this.#call(this.#context.complete(message))
    } catch (error) {
      await this.#failed(error)
    } finally {
      this.#silence.stop()
    }
    return this.#entry()
  }

  /** Ends the call: the client has left. */
  abort(reason: unknown): void {
    this.#abort.abort(reason)
  }

  /** Ends the call: the sidecar is shutting down. */
  cut(reason: unknown): void {
    this.#outcome = 'interrupted'
    this.#code = isResilientError(reason) ? reason.code : undefined
    this.#abort.abort(reason)
  }

  async #refuse(refusal: Refusal): Promise<void> {
    this.#outcome = 'refused'
    this.#code = refusal.code
    const type = 'invalid_request_error'
    await this.#error(refusal.status, [], madeError({ ...refusal, type }))
  }

  async #call(message: CreateMessage): Promise<void> {
    const response = await this.#send(message, this.#abort.signal)
    if (await this.#refused(response)) return
    await this.#pass(response)
  }

  /** Only an answer of the upstream itself is passed on. In the place of any other one the sidecar answers. */
  async #prewarm(message: CreateMessage): Promise<void> {
    const { clock } = this.#context.settings
    const late = new AbortController()
    const timer = clock.setTimer(() => late.abort(UNANSWERED), PREWARM_MS, { unref: true })
    const signal = AbortSignal.any([this.#abort.signal, late.signal])
    try {
      // Over HTTP there is nothing to prepare. Endpoints do not know the field, and could make a response.
      const response = await this.#send(message, signal, this.#context.peer.fetchOnSocket)
      if (response.status >= 300) {
        await response.body?.cancel()
        throw UNANSWERED
      }
      await this.#pass(response, true)
    } catch (error) {
      if (this.#abort.signal.aborted || this.#firstByteMs !== undefined) throw error
      await this.#answerPrewarm(message)
    } finally {
      clock.clearTimer(timer)
    }
  }

  async #answerPrewarm(message: CreateMessage): Promise<void> {
    const { settings, answered } = this.#context
    const now = settings.clock.wallNow()
    const id = `resp_local_${Math.floor(now).toString(36)}_${this.#context.id}`
    answered(id, message)
    for (const event of prewarmEvents(id, message.json, Math.floor(now / 1000))) {
      await this.#put(event)
    }
    this.#completed(200)
  }

  #send(message: CreateMessage, signal: AbortSignal, fetch = this.#context.peer.fetch): Promise<Response> {
    const { url, headers, facts } = this.#context
    const given: [string, string][] = [...headers.map(([name, value]): [string, string] => [name, value])]
    given.push(['content-type', 'application/json'])
    return facts.during(() =>
      fetch(url, { method: 'POST', headers: given, redirect: 'manual', signal, body: bodyOf(message) }),
    )
  }

  /** Whether the answer was no stream: then it has become an error message. */
  async #refused(response: Response): Promise<boolean> {
    const { settings } = this.#context
    const { instead, mayHeal, hintMs } = judgeAnswer(response, settings.clock.wallNow())
    if (instead !== undefined) {
      await response.body?.cancel()
      await this.#made(instead)
      return true
    }
    if (response.status < 300) return false
    const passed = headersDown(response.headers, true)
    const headers = mayHeal ? [...withoutComeBack(passed), ...this.#comeBack(hintMs)] : passed
    const error = errorIn(await response.text())
    this.#code = typeof error.code === 'string' ? error.code : undefined
    await this.#error(response.status, headers, error)
    this.#completed(response.status)
    return true
  }

  async #pass({ body }: Response, isPrewarm = false): Promise<void> {
    const reader = new MessageReader()
    if (body !== null) {
      for await (const bytes of body) {
        for (const message of reader.push(bytes)) {
          const failed = errorMessageOf(message)
          if (failed !== undefined) {
            if (isPrewarm && this.#firstByteMs === undefined) throw UNANSWERED
            await this.#endWith(failed)
            return
          }
          this.#hadOutput ||= !BEFORE_OUTPUT.test(message)
          const waiting = this.#put(message)
          if (waiting !== undefined) await waiting
        }
      }
    }
    this.#abort.signal.throwIfAborted()
    this.#completed(200)
  }

  /** An error ends the response: what follows it is not read. */
  async #endWith({ status, error, headers, isFinal }: UpstreamErrorMessage): Promise<void> {
    const { settings, socket } = this.#context
    const hintMs = hintIn(headers, settings.clock.wallNow())
    const mayHeal = isPassing(status) && !isFinal
    this.#code = typeof error.code === 'string' ? error.code : undefined
    await this.#error(status, mayHeal ? [...withoutComeBack(headers), ...this.#comeBack(hintMs)] : headers, error)
    this.#completed(status)
    if (!this.#hadOutput || !socket.isOpen) return
    this.#outcome = 'interrupted'
    if (settings.client.streamFailure !== 'sse_error') socket.breakOff()
  }

  #put(message: string): Promise<void> | undefined {
    const { socket, settings } = this.#context
    const now = settings.clock.now()
    this.#firstByteMs ??= now - this.#startedAt
    this.#silence.sent(now)
    this.#bytes += message.length
    return socket.send(message)
  }

  async #error(
    status: number,
    headers: ReadonlyArray<readonly [string, string]>,
    error: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    this.#status = status
    await this.#put(errorMessage({ status, headers }, error))
  }

  async #made(made: MadeAnswer): Promise<void> {
    this.#code = made.code
    await this.#error(made.status, made.mayHeal ? this.#comeBack(made.hintMs) : [], madeError(made))
    this.#completed(made.status)
  }

  #comeBack(hintMs: number | undefined): [string, string][] {
    const { settings, budget } = this.#context
    return comeBackHeaders(hintMs, { balance: budget(), refillPerMinute: settings.refillPerMinute })
  }

  #completed(status: number): void {
    if (!this.#context.socket.isOpen) return
    this.#status = status
    this.#outcome = status < 300 && this.#context.facts.hasFailed ? 'interrupted' : 'completed'
  }

  async #failed(error: unknown): Promise<void> {
    const { socket } = this.#context
    if (!socket.isOpen) return
    const failed = isResilientError(error) ? error : findResilientError(error)
    const hadOutput = this.#firstByteMs !== undefined
    if (hadOutput) {
      // What the client was handed is a part of a response: it ends as a socket that broke.
      socket.breakOff()
      this.#code = failed?.code ?? 'sidecar_failed'
    } else {
      await this.#made(answerOfFailure(error))
    }
    this.#outcome = 'interrupted'
  }

  get progress(): CallProgress {
    const { outcome: _, ...progress } = this.#entry()
    return progress
  }

  #entry(): SidecarLogEntry {
    const { id, path, settings, facts } = this.#context
    return {
      time: this.#time,
      id,
      method: 'WEBSOCKET',
      path,
      model: facts.model,
      status: this.#status,
      outcome: this.#outcome,
      code: this.#code ?? facts.code,
      attempts: facts.attempts,
      failures: facts.failures.length === 0 ? undefined : [...facts.failures],
      firstByteMs: this.#firstByteMs === undefined ? undefined : Math.round(this.#firstByteMs),
      ms: Math.round(settings.clock.now() - this.#startedAt),
      bytes: this.#bytes,
    }
  }
}
