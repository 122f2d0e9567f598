import { factsOfWhole, failureMessage, firstSnapshot, headerValue, parse, timesOf, WHOLE } from './answers.ts'
import type { Stream } from './frames.ts'
import { streamOf, wholeResponse } from './frames.ts'
import { CALL_HEADER } from './identity.ts'
import { Memory } from './memory.ts'
import type { DialOutcome, Endpoints, ExchangeHandle, Network, SimRequest, SimUpgrade } from './network/network.ts'
import type { SimWebSocket } from './network/web-sockets.ts'
import type { Wire } from './network/wire.ts'
import { answerStatus, JSON_TYPE } from './plain-answers.ts'
import { play } from './play.ts'
import {
  type AnswerPlan,
  type AttemptPlan,
  type CallPlan,
  FAILING,
  HEALTHY,
  type RestartPlan,
  type Schedule,
} from './schedule.ts'
import { newServed, type RequestFacts, type RequestWatch, type Served } from './served.ts'
import { type SessionWorld, SocketSession } from './socket-session.ts'

const CANCELS = /\/cancel$/

interface Kept {
  readonly stream: Stream
  /** When each event came to be, on the endpoint's own time. */
  readonly at: readonly number[]
  readonly epoch: number
}

/** All endpoints of a world: they answer by plan, and remember what they did. */
export class SimEndpoints implements Endpoints {
  readonly served: Served[] = []
  network!: Network
  readonly #schedule: Schedule
  readonly #calls: ReadonlyMap<number, CallPlan>
  readonly #requestsOf = new Map<number, Served[]>()
  readonly #downUntil: number[]
  /** How often an endpoint has lost its state. */
  readonly #epochs: number[]
  readonly #kept = new Map<string, Kept>()
  readonly #owners = new Map<string, number>()
  readonly memory = new Memory()
  /** How often the client let an endpoint cool down: in all, and while a WebSocket to it was open. */
  readonly coolings = { all: 0, withSockets: 0 }
  readonly #sessions = new Map<number, SocketSession>()
  readonly #watch: RequestWatch
  #responses = 0

  constructor(schedule: Schedule, watch: RequestWatch) {
    this.#schedule = schedule
    this.#calls = new Map(schedule.calls.map((call) => [call.id, call]))
    this.#downUntil = schedule.endpoints.map(() => -1)
    this.#epochs = schedule.endpoints.map(() => 0)
    this.#watch = watch
  }

  requestsOf(call: number): readonly Served[] {
    return this.#requestsOf.get(call) ?? []
  }

  /** Which endpoint has made a response. */
  ownerOf(responseId: string): number | undefined {
    return this.#owners.get(responseId)
  }

  begin({ headers, method, path, endpoint }: SimRequest): ExchangeHandle {
    const value = (name: string): string | undefined => headerValue(headers, name)
    const served = this.#begins(Number(value(CALL_HEADER)), { method, path, endpoint, onSocket: false }, value)
    const { plan } = served
    let wire: Wire | undefined
    return {
      dial: () => this.#dial(endpoint, plan),
      writes: (through, body) => {
        served.body = body
        wire = through
        served.written = true
        served.reused = through.socket.requests++ > 0
        this.#watch.writes(served)
        const { send } = plan
        through.intake = send === undefined ? { pieces: 1, everyMs: 0 } : typeof send === 'string' ? send : { ...send }
      },
      arrived: (body) => {
        if (wire === undefined || wire.dead) return
        served.body = body
        served.arrivedAt = this.network.now
        if (this.#schedule.client.webSocket !== undefined) served.message = parse(body)
        this.#watch.arrives(served)
        this.#answer(served, wire)
      },
      read: (frames) => {
        this.#reads(served, frames)
        this.#watch.read(served)
      },
      complete: () => {
        served.complete = true
      },
    }
  }

  accepts(socket: SimWebSocket, upgrade: SimUpgrade): SocketSession {
    const { endpoint, path, headers } = upgrade
    const value = (name: string): string | undefined => headers.find(([known]) => known === name)?.[1]
    const world: SessionWorld = {
      network: this.network,
      plan: this.#schedule.endpoints[endpoint]?.sockets ?? {},
      begins: (call) => this.#begins(call, { method: 'POST', path, endpoint, onSocket: true }, value),
      dials: (plan) => this.#dial(endpoint, plan ?? HEALTHY),
      writes: (served) => this.#watch.writes(served),
      arrives: (served) => this.#watch.arrives(served),
      reads: (served, frames) => this.#reads(served, frames),
      taken: (served) => this.#watch.read(served),
      hasStored: (id) => this.#hasStored(id, endpoint),
      makes: (served) => this.#make(served, served.message ?? {}),
      keeps: ({ stream, message }) => stream && message && this.memory.keeps(stream, message),
    }
    const session = new SocketSession(world, socket, Number(value(CALL_HEADER)), upgrade.isAhead)
    this.#sessions.set(socket.id, session)
    return session
  }

  /** How the server of a WebSocket is now. */
  sessionOf(socket: number): SocketSession | undefined {
    return this.#sessions.get(socket)
  }

  ahead(endpoint: number): DialOutcome {
    return this.#dial(endpoint, HEALTHY)
  }

  /** The client lets an endpoint cool down. */
  cools(cooled: number): void {
    this.coolings.all++
    const sockets = [...this.network.sockets]
    if (sockets.some(({ endpoint, isConnected }) => endpoint === cooled && isConnected)) this.coolings.withSockets++
  }

  /** Every connection dies at once. */
  restart(endpoint: number, plan: RestartPlan): void {
    const { network } = this
    this.#downUntil[endpoint] = network.now + plan.downMs
    if (plan.losesState) this.#epochs[endpoint] = (this.#epochs[endpoint] ?? 0) + 1
    for (const wire of [...network.wires]) {
      if (wire.endpoint !== endpoint) continue
      wire.forget()
      wire.send(network.now, plan.how === 'fin' ? { kind: 'fin' } : { kind: 'act', act: () => wire.reset() })
    }
    for (const socket of [...network.sockets]) {
      if (socket.endpoint !== endpoint || !socket.isConnected) continue
      if (plan.how === 'fin' && socket.isSound) socket.end({ kind: 'closed', code: 1012 })
      else network.soon(() => socket.reset())
    }
  }

  #begins(call: number, facts: RequestFacts, header: (name: string) => string | undefined): Served {
    const known = this.#requestsOf.get(call) ?? []
    this.#requestsOf.set(call, known)
    const plan = this.#isFailing(facts.endpoint) ? FAILING : (this.#calls.get(call)?.attempts[known.length] ?? HEALTHY)
    const [credential, cookie] = [header('authorization'), header('cookie')]
    const served = newServed({ ...facts, call, nth: known.length, plan, begunAt: this.network.now, credential, cookie })
    known.push(served)
    this.served.push(served)
    this.#watch.begins(served)
    return served
  }

  #isFailing(endpoint: number): boolean {
    const { now } = this.network
    const { at, ms } = this.#schedule.endpoints[endpoint]?.fails ?? { at: 0, ms: 0 }
    return now >= at && now < at + ms
  }

  #reads(served: Served, frames: number): void {
    served.firstReadAt ??= this.network.now
    served.lastReadAt = this.network.now
    if (!served.ended) served.delivered += frames
  }

  /** What is not known to be kept elsewhere is taken for something from before. */
  #hasStored(id: string, endpoint: number): boolean {
    return (this.#epochs[endpoint] ?? 0) === 0 && this.memory.isStored(id)
  }

  #nextTag(call: number): string {
    this.#responses++
    return `c${call}r${this.#responses}`
  }

  #dial(endpoint: number, { dial }: AttemptPlan): DialOutcome {
    const { connectMs = 5 } = this.#schedule.endpoints[endpoint] ?? {}
    if (dial === 'hangs') return { afterMs: undefined }
    if (this.network.now < (this.#downUntil[endpoint] ?? 0)) return { afterMs: 1, fails: 'ECONNREFUSED' }
    return dial ?? { afterMs: connectMs }
  }

  #answer(served: Served, wire: Wire): void {
    const { plan, method, path } = served
    const { answer } = plan
    if (answer.kind === 'status') {
      answerStatus(served, wire, this.network.now, answer)
      return
    }
    if (method === 'GET' || CANCELS.test(path)) {
      this.#answerRead(served, wire, path.replace(CANCELS, ''))
      return
    }
    const body = parse(served.body)
    const { previous_response_id: previous } = body
    if (typeof previous === 'string' && !this.#hasStored(previous, wire.endpoint)) {
      answerStatus(served, wire, this.network.now, {
        kind: 'status',
        status: 400,
        code: 'previous_response_not_found',
        body: 'json',
      })
      return
    }
    const background = body.background === true
    const { stream, times } = this.#make(served, body)
    if (body.stream === true) play(this.network, served, wire, stream, times, 0)
    else if (background) this.#answerWhole(served, wire, firstSnapshot(stream))
    else this.#answerWhole(served, wire, wholeResponse(stream), times.at(-1))
  }

  #make(
    served: Served,
    body: Readonly<Record<string, unknown>>,
  ): { readonly stream: Stream; readonly times: number[] } {
    const { plan, endpoint } = served
    const answer = plan.answer as Extract<AnswerPlan, { kind: 'stream' }>
    const background = body.background === true
    const message = answer.end.how === 'failed' ? failureMessage(answer.end.code, answer.end.hintMs) : ''
    const stream = streamOf(this.#nextTag(served.call), answer, background, message)
    served.stream = stream
    this.#owners.set(stream.id, endpoint)
    const times = timesOf(stream, plan, this.network.now)
    if (body.store !== false && (background || stream.end.how !== 'failed'))
      this.#kept.set(stream.id, { stream, at: times, epoch: this.#epochs[endpoint] ?? 0 })
    this.memory.makes(stream, body, served.session?.socket)
    if (served.message !== undefined && body.store !== false) this.memory.keeps(stream, served.message)
    return { stream, times }
  }

  /** `GET …/responses/{id}`, streamed or not; anything else is no Responses call. */
  #answerRead(served: Served, wire: Wire, path: string): void {
    const [, id, query = ''] = /\/responses\/([^/?]+)(\?.*)?$/.exec(path) ?? []
    if (id === undefined) {
      this.#answerWhole(served, wire, JSON.stringify({ tag: this.#nextTag(served.call) }))
      return
    }
    const kept = this.#kept.get(id)
    const refuses = served.plan.resume?.refuses
    const asked = new URLSearchParams(query)
    if (kept === undefined || kept.epoch !== this.#epochs[wire.endpoint] || (refuses && asked.has('stream'))) {
      const status = refuses ?? 404
      answerStatus(served, wire, this.network.now, { kind: 'status', status, code: 'not_found', body: 'json' })
      return
    }
    served.stream = kept.stream
    if (!asked.has('stream')) {
      const done = (kept.at.at(-1) ?? 0) <= this.network.now
      if (done) this.#answerWhole(served, wire, wholeResponse(kept.stream), 0, factsOfWhole(kept.stream))
      else this.#answerWhole(served, wire, firstSnapshot(kept.stream))
      return
    }
    const { repeats = 0, skips = 0 } = served.plan.resume ?? {}
    const behind = asked.get('starting_after')
    const from = Math.max(0, (behind === null ? 0 : Number(behind) + 1) - repeats + skips)
    served.from = from
    play(this.network, served, wire, kept.stream, kept.at, from)
  }

  #answerWhole(served: Served, wire: Wire, json: string, readyAt = 0, facts = WHOLE): void {
    const { now } = this.network
    served.answered = facts
    const at = Math.max(readyAt, now + served.plan.headMs)
    const { fault } = served.plan
    const head = ['content-type', JSON_TYPE, 'x-request-id', `req_${served.call}_${served.nth}`]
    wire.send(at, { kind: 'head', status: 200, headers: head, untilClose: served.plan.framing === 'until_close' })
    const bytes = Buffer.from(json)
    if (fault !== undefined && fault.how !== 'comments' && fault.how !== 'garbage' && fault.how !== 'end') {
      const part = bytes.subarray(0, bytes.length >> 1)
      wire.send(at, { kind: 'data', chunks: [part], frames: 0 })
      if (fault.how === 'reset') wire.send(at + fault.afterMs, { kind: 'act', act: () => wire.reset() })
      else if (fault.how === 'bad_chunk') wire.send(at + fault.afterMs, { kind: 'bad_chunk' })
      else if (fault.how !== 'stall') wire.send(at + fault.afterMs, { kind: 'fin' })
      served.answered = undefined
      return
    }
    wire.send(at, { kind: 'data', chunks: [bytes], frames: 0 })
    wire.send(at, { kind: 'end', closes: served.plan.then === 'closes' })
  }
}
