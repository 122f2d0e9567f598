import type { TimerHandle } from '../../src/core/clock.ts'
import type { SocketEnd } from '../../src/transport/websocket/wire.ts'
import type { Stream } from './frames.ts'
import { CALL_FIELD } from './identity.ts'
import type { DialOutcome, Intake, Network } from './network/network.ts'
import type { SimWebSocket, SocketPeer, UpgradeOutcome } from './network/web-sockets.ts'
import type { AnswerPlan, AttemptPlan, SocketsPlan } from './schedule.ts'
import type { Served } from './served.ts'
import { answerUpgrade, errorFrame } from './socket-answers.ts'
import { playOnSocket } from './socket-play.ts'

/** What the sessions of an endpoint share. */
export interface SessionWorld {
  readonly network: Network
  readonly plan: SocketsPlan
  begins(call: number): Served
  dials(plan: AttemptPlan | undefined): DialOutcome
  writes(served: Served): void
  arrives(served: Served): void
  reads(served: Served, frames: number): void
  taken(served: Served): void
  /** Whether the endpoint could continue a response that is not the latest of the socket. */
  hasStored(id: string): boolean
  /** Makes the response of a request. */
  makes(served: Served): { readonly stream: Stream; readonly times: readonly number[] }
  /** A response is over that this socket alone keeps. */
  keeps(served: Served): void
}

const AT_ONCE: Intake = { pieces: 1, everyMs: 0 }

/** The server of one WebSocket: one response at a time, and in memory the latest one. */
export class SocketSession implements SocketPeer {
  readonly #world: SessionWorld
  readonly #socket: SimWebSocket
  /** The request that the socket was opened for. */
  #waiting: Served | undefined
  #openedAt = Infinity
  #requests = 0
  #latest: string | undefined
  /** The request that has no answer yet, or only a part of one. */
  #running: Served | undefined
  readonly #timers = new Set<TimerHandle>()

  /** @param call for which it was opened, unless it `isAhead` of any. */
  constructor(world: SessionWorld, socket: SimWebSocket, call: number, isAhead: boolean) {
    this.#world = world
    this.#socket = socket
    if (!isAhead) this.#waiting = world.begins(call)
  }

  get answersPings(): boolean {
    return this.#world.plan.deaf !== true
  }

  get isBusy(): boolean {
    return this.#running !== undefined
  }

  /** It keeps this response in memory, and could continue it now. */
  wouldContinue(id: string): boolean {
    const isOld = this.#world.network.now - this.#openedAt >= (this.#world.plan.limitMs ?? Infinity)
    return !this.isBusy && this.#latest === id && !isOld
  }

  dial(): DialOutcome {
    return this.#world.dials(this.#waiting?.plan)
  }

  upgrade(): UpgradeOutcome {
    const { plan, network } = this.#world
    const outcome = answerUpgrade(this.#waiting, plan)
    this.#openedAt = network.now + (outcome.afterMs ?? 0)
    const { limitMs, atLimit } = plan
    if (limitMs !== undefined && atLimit === 'closes' && outcome.end === undefined)
      this.#later(limitMs + (outcome.afterMs ?? 0), () => this.#closeIdle())
    return outcome
  }

  writes(text: string): Intake {
    const body = parsed(text)
    const call = Number((body.metadata as Record<string, unknown> | undefined)?.[CALL_FIELD])
    // A request that turned out to be too large for this socket has left it unused to others.
    const served = this.#waiting?.call === call ? this.#waiting : this.#world.begins(call)
    this.#waiting = undefined
    served.message = body
    served.session = { socket: this.#socket.id, wasBusy: this.isBusy, latest: this.#latest }
    served.written = true
    served.reused = this.#requests++ > 0
    this.#running = served
    this.#world.writes(served)
    const { send } = served.plan
    return send ?? AT_ONCE
  }

  arrived(text: string): void {
    const served = this.#running
    if (served === undefined) return
    // Of an increment only the caller knows the whole.
    if (served.hiddenId === undefined) served.body = text.replace('"type":"response.create",', '')
    served.arrivedAt = this.#world.network.now
    this.#world.arrives(served)
    this.#answer(served)
  }

  gone(): void {
    for (const timer of this.#timers) this.#world.network.clock.clearTimer(timer)
    this.#running = undefined
    this.#latest = undefined
  }

  #answer(served: Served): void {
    const { network, plan } = this.#world
    const { answer } = served.plan
    const { previous_response_id: previous } = served.message ?? {}
    if (network.now - this.#openedAt >= (plan.limitMs ?? Infinity)) {
      this.#refuse(served, LIMIT_REACHED)
      this.#socket.arrives(network.now + served.plan.headMs + 5, { kind: 'end', end: closedWith(1001) })
    } else if (answer.kind === 'status') {
      this.#refuse(served, answer)
    } else if (typeof previous === 'string' && previous !== this.#latest && !this.#world.hasStored(previous)) {
      this.#refuse(served, NOT_FOUND)
    } else {
      const { stream, times } = this.#world.makes(served)
      const over = (): void => this.#over(served, stream)
      playOnSocket(this.#world, this.#socket, served, { stream, times, hiddenId: served.hiddenId }, over)
    }
  }

  /** The server forgets what a request continues that it refuses. */
  #refuse(served: Served, answer: StatusPlan): void {
    const { text, facts } = errorFrame(answer, served.plan.errorForm ?? 'nested')
    served.answered = facts
    const at = this.#world.network.now + served.plan.headMs
    const onRead = (): void => {
      served.complete = true
      this.#world.reads(served, 0)
    }
    this.#socket.arrives(at, { kind: 'act', act: () => this.#freed(served) })
    this.#socket.arrives(at, { kind: 'messages', texts: [text], onRead, onTaken: () => this.#world.taken(served) })
    const { previous_response_id: previous } = served.message ?? {}
    if (previous !== undefined && previous === this.#latest) this.#latest = undefined
  }

  /** The last word of a response is on its way. */
  #over(served: Served, stream: Stream): void {
    this.#freed(served)
    const { store } = served.message ?? {}
    const isKept = stream.end.how !== 'failed'
    this.#latest = isKept ? stream.id : undefined
    if (isKept && store === false) this.#world.keeps(served)
    const { late } = served.plan
    // Where an `error` is all that is said, more may follow.
    if (late !== undefined && stream.frames.at(-1)?.type !== 'error')
      this.#later(late.afterMs, () => this.#repeat(stream, late.what))
  }

  /** An event of a response that is over comes before anything of the next one, if that is under way. */
  #repeat({ frames }: Stream, what: 'delta' | 'terminal'): void {
    if (this.#running?.firstReadAt !== undefined) return
    const frame = what === 'terminal' ? frames.at(-1) : frames.find(({ class: found }) => found === 'progress')
    if (frame === undefined) return
    this.#socket.arrives(this.#world.network.now, { kind: 'messages', texts: [frame.json] }, true)
  }

  #freed(served: Served): void {
    if (this.#running === served) this.#running = undefined
  }

  #closeIdle(): void {
    if (this.isBusy) this.#later(100, () => this.#closeIdle())
    else this.#socket.end(closedWith(1001))
  }

  #later(ms: number, act: () => void): void {
    const { clock } = this.#world.network
    const timer = clock.setTimer(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }
}

type StatusPlan = Extract<AnswerPlan, { kind: 'status' }>

const NOT_FOUND: StatusPlan = { kind: 'status', status: 400, code: 'previous_response_not_found', body: 'json' }
const LIMIT_REACHED: StatusPlan = {
  kind: 'status',
  status: 400,
  code: 'websocket_connection_limit_reached',
  body: 'json',
}

function closedWith(code: number): SocketEnd {
  return { kind: 'closed', code }
}

function parsed(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>
}
