import { seededRandom } from '../../core/random.ts'
import { checkObject, isType, refuse } from './check.ts'
import { checkFault } from './fault-rules.ts'
import {
  describeFault,
  type Fault,
  type FaultPoint,
  isConnectionFault,
  isRequestFault,
  isSocketFault,
  type RequestFault,
  SOCKET_POINTS,
} from './faults.ts'
import type { MockConnection, MockRequest, MockSocket } from './records.ts'
import { ONLY_ON_SOCKETS } from './socket/effects.ts'

/** The points before every request, in their order. */
const EARLY_POINTS: readonly FaultPoint[] = ['accept', ...SOCKET_POINTS]

/** The faults for one request, connection or WebSocket of a script: `'ok'`, a fault, or several faults. */
export type ScriptEntry = 'ok' | Fault | readonly Fault[]

/** Options of `server.script()`: which requests take its entries. Default: all. */
export interface ScriptOptions {
  /** Only for requests with this `call`. */
  readonly call?: string | undefined
  /** Only for requests for which this function returns `true`. */
  readonly when?: ((request: MockRequest) => boolean) | undefined
}

/** What a fault strikes. */
export type Subject = MockRequest | MockConnection | MockSocket

/** A fault that is planned for one subject. */
export interface PlannedFault {
  readonly fault: Fault
  readonly origin: string
  /** The subject that took it. */
  taker: Subject | undefined
  struck: boolean
}

/** The faults of an entry for the subject that took it, and for the first request after that. */
export interface TakenEntry {
  readonly now: PlannedFault[]
  /** `undefined` if none are left. */
  readonly rest: PlannedFault[] | undefined
}

/** One entry of a script: the faults for the request or connection that takes it. */
interface Entry {
  readonly origin: string
  readonly faults: PlannedFault[]
  taken: boolean
}

interface Script {
  readonly name: string
  readonly planned: number
  /** Requests that came after all entries were taken. */
  beyond: number
  readonly entries: Entry[]
  readonly when: (request: MockRequest) => boolean
}

interface Standing {
  readonly fault: Fault
  readonly origin: string
  left: number
}

/** Decides which faults a connection, a WebSocket or a request meets, and records which of them struck. */
export class FaultPlan {
  readonly #seed: number
  /** Scripts for certain requests. They come before scripts for all. */
  #scriptsForSome: Script[] = []
  #scriptsForAll: Script[] = []
  #promised: PlannedFault[] = []
  #entries: Entry[] = []
  /** Connections whose entry has no fault for their first request. That request is not one beyond the script. */
  readonly #spared = new Set<number>()
  #standing: Standing[] = []
  #added = 0
  #scripted = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  add(faults: readonly Fault[]): void {
    for (const [index, fault] of faults.entries()) checkFault(`faults[${index}]`, fault, false)
    const standing = faults.map((fault) => {
      this.#added++
      return { fault, origin: `fault ${this.#added}`, left: fault.times ?? Number.POSITIVE_INFINITY }
    })
    const all = [...this.#standing, ...standing].map(({ fault }) => fault)
    for (const group of [isConnectionFault, isSocketFault, isRequestFault].map((isOf) => all.filter(isOf))) {
      const sum = group.reduce((total, fault) => total + (fault.probability ?? 0), 0)
      // Allows for rounding: ten times 0.1 is a little more than 1.
      if (sum > 1 + 1e-9)
        throw new RangeError(`the probabilities of the faults add up to ${sum}; at most 1 is possible`)
    }
    this.#standing.push(...standing)
  }

  /** Removes the standing faults, not the scripts. */
  clear(): void {
    this.#standing = []
  }

  /** Removes all scripts, with what they still hold and what was counted of them. */
  clearScripts(): void {
    this.#scriptsForSome = []
    this.#scriptsForAll = []
    this.#promised = []
    this.#entries = []
  }

  script(entries: readonly ScriptEntry[], options: ScriptOptions): void {
    if (!Array.isArray(entries)) refuse('script(entries)', entries, "a list of entries, e.g. ['ok']")
    checkObject('script(entries, options)', options, { call: isType('string'), when: isType('function') })
    const { call, when } = options
    const name = call === undefined ? `script ${++this.#scripted}` : `script of call "${call}"`
    const planned = entries.map((entry, index) => {
      const faults: readonly Fault[] = entry === 'ok' ? [] : Array.isArray(entry) ? entry : [entry as Fault]
      const origin = `${name}, entry ${index + 1}`
      const made = faults.map((fault, position) => {
        checkFault(`${origin}${faults.length > 1 ? `, fault ${position + 1}` : ''}`, fault, true)
        if (!isRequestFault(fault) && (call !== undefined || when !== undefined)) {
          const what = fault.at === 'accept' ? 'a connection is accepted' : 'a WebSocket is opened'
          throw new TypeError(`${origin}: ${what} before its request is known; use at: "request_body"`)
        }
        return { fault, origin, taker: undefined, struck: false }
      })
      return { origin, faults: made, taken: false }
    })
    this.#promised.push(...planned.flatMap(({ faults }) => faults))
    this.#entries.push(...planned)
    const matches = (request: MockRequest) =>
      (call === undefined || request.call === call) && (when === undefined || when(request))
    const scripts = call === undefined && when === undefined ? this.#scriptsForAll : this.#scriptsForSome
    scripts.push({ name, planned: planned.length, beyond: 0, entries: planned, when: matches })
  }

  /** Takes the faults of a connection that was just accepted. */
  takeForConnection(connection: MockConnection): TakenEntry {
    return this.#takeEarly(isConnectionFault, ['accept'], connection, connection.number)
  }

  /** Takes the faults of a WebSocket whose upgrade has just come, unless its connection has reserved some. */
  takeForSocket(socket: MockSocket): TakenEntry {
    return this.#takeEarly(isSocketFault, SOCKET_POINTS, socket, socket.connectionNumber)
  }

  /** The faults of a connection's entry for the WebSocket that it became. */
  splitForSocket(promised: readonly PlannedFault[], socket: MockSocket): TakenEntry {
    const now = promised.filter(({ fault }) => isSocketFault(fault))
    for (const planned of now) planned.taker = socket
    const rest = promised.filter((planned) => !now.includes(planned))
    return { now, rest: rest.length > 0 ? rest : undefined }
  }

  /**
   * Takes the faults of a request. `final`: no more will follow.
   *
   * @param headOnly the body has not arrived: takes only faults at `request_body`.
   */
  takeForRequest(request: MockRequest, headOnly: boolean): { faults: PlannedFault[]; final: boolean } {
    for (const script of [...this.#scriptsForSome, ...this.#scriptsForAll]) {
      // An entry for a connection or a WebSocket waits for one. A request on an open one skips it.
      const index = script.entries.findIndex(({ faults }) => faults.every(({ fault }) => isRequestFault(fault)))
      const entry = script.entries[index]
      if (entry === undefined || !script.when(request)) continue
      if (headOnly && !entry.faults.some(({ fault }) => fault.at === 'request_body'))
        return { faults: [], final: false }
      return { faults: take(script, request, index), final: true }
    }
    if (!headOnly) this.#countBeyond(request)
    const wanted = (fault: Fault) => isRequestFault(fault) && (fault.at === 'request_body') === headOnly
    const chance = this.#drawn(isRequestFault, keyOf(request.call, request.attempt, request.number))
    return { faults: this.#takeStanding(wanted, chance, request), final: !headOnly }
  }

  /** The fault with a probability that the seed gives to an attempt of a call, regardless of `when`. */
  chanceFault(call: string, attempt: number): RequestFault | undefined {
    return this.#drawn(isRequestFault, keyOf(call, attempt, 0))?.fault as RequestFault | undefined
  }

  /** Requests that came after the last entry of their script: one line for each script. */
  beyond(): string[] {
    return [...this.#scriptsForSome, ...this.#scriptsForAll]
      .filter(({ beyond }) => beyond > 0)
      .map(({ name, planned, beyond }) => `${name}: ${planned} entries, but ${beyond} more requests came`)
  }

  #countBeyond(request: MockRequest): void {
    const isSpared = request.requestOnConnection === 1 && this.#spared.has(request.connectionNumber)
    if (isSpared) return
    // The last script that applies only to certain requests counts the request as beyond it.
    const script =
      this.#scriptsForSome.findLast(({ when }) => when(request)) ??
      this.#scriptsForAll.findLast(({ when }) => when(request))
    if (script !== undefined && script.entries.length === 0) script.beyond++
  }

  /** Readable lines about entries that were not taken, and planned faults that did not strike. */
  unused(): string[] {
    const standing = this.#standing
      .filter(({ left }) => left > 0 && left < Number.POSITIVE_INFINITY)
      .map(
        ({ fault, origin, left }) => `${origin} (${describeFault(fault)}): ${left} of ${fault.times} times not taken`,
      )
    const promised = this.#promised
      .filter(({ struck }) => !struck)
      .map((planned) => `${planned.origin} (${describeFault(planned.fault)}): ${whyUnused(planned)}`)
    const untaken = this.#entries
      .filter(({ faults, taken }) => faults.length === 0 && !taken)
      .map(({ origin }) => `${origin} (ok): not taken`)
    return [...untaken, ...promised, ...standing]
  }

  /**
   * For a connection or a WebSocket: the next entry of a script for all, if it begins with their points; else standing
   * faults.
   */
  #takeEarly(
    isTheirs: (fault: Fault) => boolean,
    points: readonly FaultPoint[],
    subject: MockConnection | MockSocket,
    connectionNumber: number,
  ): TakenEntry {
    const script = this.#scriptsForAll.find(({ entries }) => entries.length > 0)
    const first = EARLY_POINTS.find((point) => script?.entries[0]?.faults.some(({ fault }) => fault.at === point))
    if (script !== undefined && first !== undefined && points.includes(first)) {
      const entry = take(script, subject)
      const now = entry.filter(({ fault }) => isTheirs(fault))
      const rest = entry.filter((planned) => !now.includes(planned))
      if (!rest.some(({ fault }) => isRequestFault(fault))) this.#spared.add(connectionNumber)
      return { now, rest: rest.length > 0 ? rest : undefined }
    }
    const chance = this.#drawn(isTheirs, `${points[0] === 'accept' ? 'connection' : 'socket'} ${subject.number}`)
    return { now: this.#takeStanding(isTheirs, chance, subject), rest: undefined }
  }

  #takeStanding(wanted: (fault: Fault) => boolean, chance: Standing | undefined, subject: Subject): PlannedFault[] {
    const matches = ({ fault, left }: Standing) =>
      wanted(fault) && left > 0 && (fault.when === undefined || (fault.when as (subject: unknown) => boolean)(subject))
    const taken = this.#standing.filter(
      (standing) => (standing.fault.probability === undefined || standing === chance) && matches(standing),
    )
    return taken.map((standing) => {
      standing.left--
      const planned = { fault: standing.fault, origin: standing.origin, taker: subject, struck: false }
      if (standing.fault.times !== undefined) this.#promised.push(planned)
      return planned
    })
  }

  /** One random number selects among all faults with a probability: each has its share of the range from 0 to 1. */
  #drawn(group: (fault: Fault) => boolean, key: string): Standing | undefined {
    const drawn = seededRandom(hash(`${this.#seed}/${key}`))()
    let end = 0
    return this.#standing.find(({ fault }) => {
      if (fault.probability === undefined || !group(fault)) return false
      end += fault.probability
      return drawn < end
    })
  }
}

function take(script: Script, taker: Subject, index = 0): PlannedFault[] {
  const [entry] = script.entries.splice(index, 1)
  if (entry === undefined) return []
  entry.taken = true
  for (const planned of entry.faults) planned.taker = taker
  return entry.faults
}

/** Chance depends on the call and attempt, not on timing, so concurrent calls meet the same faults in every run. */
function keyOf(call: string | undefined, attempt: number, number: number): string {
  return call === undefined ? `request ${number}` : `call ${call}/${attempt}`
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0
  }
  return value
}

function whyUnused({ fault, taker }: PlannedFault): string {
  if (taker === undefined) return 'not taken'
  if ('receivedMessages' in taker) return `WebSocket ${taker.number} took it, but did not reach that point`
  if (!('outcome' in taker)) return `connection ${taker.number} took it, but no request reached that point`
  const { number, sentEvents, outcome, transport } = taker
  if (transport === 'http' && ONLY_ON_SOCKETS.has(fault.effect)) return `request ${number} took it, but came over HTTP`
  return `request ${number} took it, but did not reach that point (${outcome}, ${sentEvents} events sent)`
}
