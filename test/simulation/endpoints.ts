import type { Stream } from './frames.ts'
import { streamOf, wholeResponse } from './frames.ts'
import type { DialOutcome, Endpoints, ExchangeHandle, Network, SimRequest } from './network/network.ts'
import type { Wire } from './network/wire.ts'
import { answerStatus, JSON_TYPE } from './plain-answers.ts'
import { factsOfEnd, play } from './play.ts'
import { type AttemptPlan, type CallPlan, HEALTHY, type RestartPlan, type Schedule } from './schedule.ts'
import type { AnswerFacts, RequestWatch, Served } from './served.ts'

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
    const call = Number(headerValue(headers, 'x-sim-call'))
    const known = this.#requestsOf.get(call) ?? []
    this.#requestsOf.set(call, known)
    const plan = this.#calls.get(call)?.attempts[known.length] ?? HEALTHY
    const served: Served = {
      call,
      nth: known.length,
      method,
      path,
      begunAt: this.network.now,
      plan,
      endpoint,
      credential: headerValue(headers, 'authorization'),
      cookie: headerValue(headers, 'cookie'),
      written: false,
      reused: false,
      body: undefined,
      arrivedAt: undefined,
      stream: undefined,
      streams: false,
      from: 0,
      delivered: 0,
      lastReadAt: undefined,
      firstReadAt: undefined,
      answered: undefined,
      overAt: undefined,
      complete: false,
      ended: false,
    }
    known.push(served)
    this.served.push(served)
    this.#watch.begins(served)
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
        this.#watch.arrives(served)
        this.#answer(served, wire)
      },
      read: (frames) => {
        served.firstReadAt ??= this.network.now
        served.lastReadAt = this.network.now
        if (!served.ended) served.delivered += frames
        this.#watch.read(served)
      },
      complete: () => {
        served.complete = true
        served.overAt ??= this.network.now
      },
      over: () => {
        served.overAt ??= this.network.now
      },
    }
  }

  ahead(endpoint: number): DialOutcome {
    return this.#dial(endpoint, HEALTHY)
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
    if (body.previous_response_id !== undefined && (this.#epochs[wire.endpoint] ?? 0) > 0) {
      answerStatus(served, wire, this.network.now, {
        kind: 'status',
        status: 400,
        code: 'previous_response_not_found',
        body: 'json',
      })
      return
    }
    const background = body.background === true
    const message = answer.end.how === 'failed' ? failureMessage(answer.end.code, answer.end.hintMs) : ''
    const stream = streamOf(this.#nextTag(served.call), answer, background, message)
    served.stream = stream
    this.#owners.set(stream.id, wire.endpoint)
    const times = timesOf(stream, plan, this.network.now)
    if (background || stream.end.how !== 'failed') {
      this.#kept.set(stream.id, { stream, at: times, epoch: this.#epochs[wire.endpoint] ?? 0 })
    }
    if (body.stream === true) play(this.network, served, wire, stream, times, 0)
    else if (background) this.#answerWhole(served, wire, firstSnapshot(stream))
    else this.#answerWhole(served, wire, wholeResponse(stream), times.at(-1))
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

/** When each frame is ready. */
function timesOf(stream: Stream, plan: AttemptPlan, now: number): number[] {
  const first = now + plan.headMs + plan.firstMs
  const { end } = stream
  const last = stream.frames.length - 1
  return stream.frames.map((_, index) => {
    const behind = end.how === 'failed' && end.told === 'before_failed' && index === last ? end.behindMs : 0
    return first + index * plan.gapMs + behind
  })
}

const WHOLE: AnswerFacts = { status: 200, means: 'ok', refused: false, code: undefined, hintMs: undefined }

/** A response that failed is a response; where there was nothing but an error, that error is all there is. */
function factsOfWhole(stream: Stream): AnswerFacts {
  return stream.end.how === 'failed' && stream.end.told === 'only' ? factsOfEnd(stream) : WHOLE
}

function firstSnapshot(stream: Stream): string {
  const first = stream.frames[0]
  return JSON.stringify((JSON.parse(first?.json ?? '{}') as { response?: unknown }).response ?? {})
}

function failureMessage(code: string, hintMs: number | undefined): string {
  return hintMs === undefined ? `Simulated ${code}.` : `Simulated ${code}. Please try again in ${hintMs}ms.`
}

function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
  return undefined
}

function parse(body: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(body ?? '') as Record<string, unknown>
  } catch {
    return {}
  }
}
