import type { Caller } from '../caller.ts'
import { PLANTED } from '../secrets.ts'
import { framesToProgress, type RequestWatch, type Served, wasHeard } from '../served.ts'
import type { Log } from './ledger.ts'
import { isRebuilt, type SocketChecks } from './sockets.ts'
import type { Violations } from './violations.ts'

export interface RequestContext {
  readonly violations: Violations
  readonly callers: ReadonlyMap<number, Caller>
  readonly requestsOf: (call: number) => readonly Served[]
  readonly soon: (check: () => void) => void
  /** Which endpoint has made a response. */
  readonly ownerOf: (responseId: string) => number | undefined
  /** Several endpoints answer the same calls. */
  readonly hasPool: boolean
  readonly sockets: () => SocketChecks
  readonly log: Log | undefined
}

const PREVIOUS_ID = /"previous_response_id":"([^"]+)"/

/** One batch in hand, one that waits, and one that was read before its connection could be told. */
const MOST_READS_AHEAD = 3

/** Looks at every request when it goes out: what must not be sent, and over what. */
export class RequestChecks implements RequestWatch {
  readonly #context: RequestContext

  constructor(context: RequestContext) {
    this.#context = context
  }

  begins(served: Served): void {
    const caller = this.#caller(served)
    if (caller === undefined) return
    this.#context.log?.(`call ${served.call}:     request ${served.nth}: ${served.method} ${served.path}`)
    caller.ledger?.adopt(served)
    const say = (invariant: Parameters<Violations['add']>[0], detail: string) => this.#add(invariant, served, detail)
    if (caller.abortedAt !== undefined) say('nothing_after_abort', `request ${served.nth} after the abort`)
    if (caller.outcome !== undefined) say('nothing_after_abort', `request ${served.nth} after the outcome`)
    if (caller.endedBy !== undefined) say('nothing_after_end', `request ${served.nth} after the client was destroyed`)
    this.#checkCredential(served, caller)
    this.#checkHome(served)
    if (served.method === 'POST') this.#checkRepeat(served, caller)
  }

  writes(served: Served): void {
    const caller = this.#caller(served)
    if (caller === undefined) return
    if (caller.abortedAt !== undefined) this.#add('nothing_after_abort', served, `request ${served.nth} is written`)
    this.#context.sockets().writes(served, caller)
    const once = caller.plan.face === 'fetch_once' || caller.plan.face === 'foreign_post' || isStateful(served, caller)
    // A first attempt that waited for a connection may be sent after the hedges beside it.
    const number = caller.ledger?.attempts.find((each) => each.served === served)?.number ?? served.nth + 1
    const fresh = served.method === 'POST' && (number > 1 || once)
    if (fresh && served.reused)
      this.#add('retry_on_new_connection', served, `request ${served.nth} goes over a connection that was used before`)
  }

  arrives(served: Served): void {
    const caller = this.#caller(served)
    this.#context.log?.(`call ${served.call}:     request ${served.nth} has arrived`)
    if (caller === undefined || served.method !== 'POST') return
    const continued = served.message?.previous_response_id ?? PREVIOUS_ID.exec(served.body ?? '')?.[1]
    if (typeof continued === 'string') this.#checkOwner(served, continued)
    const earlier = this.#posts(served).filter((each) => each.body !== undefined)
    this.#context.sockets().arrives(served, caller)
    const wasNotFound = earlier.some((each) => each.answered?.means === 'not_found')
    const rebuilt = caller.options.hook === 'rebuild' && (wasNotFound || isRebuilt(served, caller))
    const first = earlier[0]?.body
    // An increment has another body, and is held against what the server knows.
    if (first !== undefined && served.body !== undefined && first !== served.body && !rebuilt)
      this.#add('same_bytes', served, `request ${served.nth} is not what the first one was`)
  }

  /** Model progress that was read must be handed over in the same turn. */
  read(served: Served): void {
    this.#context.log?.(`call ${served.call}:     request ${served.nth}: ${served.delivered} frames read`)
    this.#checkBackPressure(served)
    if (served.delivered < (framesToProgress(served) ?? Infinity)) return
    const caller = this.#caller(served)
    const ledger = caller?.ledger
    const entry = ledger?.attempts.find((each) => each.served === served)
    if (entry === undefined || entry.committed || entry.ended !== undefined || ledger?.kind !== 'stream') return
    this.#context.soon(() => {
      if (entry.committed || entry.ended !== undefined) return
      this.#add('commit_at_progress', served, `attempt ${entry.number} holds back progress that has come`)
    })
  }

  /** Nothing is read ahead of a consumer but what it will take next, and what was on its way. */
  #checkBackPressure(served: Served): void {
    const caller = this.#caller(served)
    const entry = caller?.ledger?.attempts.find((each) => each.served === served)
    if (caller?.pausingSince === undefined || !entry?.committed || served.ended) return
    // A socket is read on for a while, so that pings are answered.
    if (served.onSocket) return
    // Behind an `error` event the richer word is read, whatever the consumer does.
    if (served.stream?.frames[served.from + served.delivered - 1]?.class === 'terminal') return
    // What a resumed stream says again is nothing for the consumer.
    if (served.method === 'GET' && served.delivered <= (served.plan.resume?.repeats ?? 0)) return
    // What holds no whole event is taken in without a consumer.
    if (served.delivered === caller.lastDelivered) return
    caller.lastDelivered = served.delivered
    // What has come in one turn of the event loop, as after a stall, is one read of a socket, though it was sent in pieces.
    if (caller.isReading) return
    caller.isReading = true
    this.#context.soon(() => {
      caller.isReading = false
    })
    caller.readsWhilePausing++
    if (caller.readsWhilePausing > MOST_READS_AHEAD)
      this.#add('back_pressure', served, `${caller.readsWhilePausing} reads while the consumer does not read`)
  }

  #checkCredential({ endpoint, nth, credential, cookie, call }: Served, { plan }: Caller): void {
    const shows = (what: string): void =>
      this.#context.violations.add(
        'credential_stays_home',
        call,
        `request ${nth} shows ${what} to endpoint ${endpoint}`,
      )
    if (endpoint !== 0 && credential?.includes(PLANTED.key)) shows('the credential')
    if (endpoint !== plan.endpoint && cookie !== undefined) shows('the cookie')
    if (this.#context.hasPool && endpoint !== 0 && credential !== PLANTED.ownKey(endpoint))
      shows('another credential than its own')
    if (endpoint === 0 && credential !== undefined && !credential.includes(PLANTED.key)) shows('a foreign credential')
  }

  /** What an endpoint keeps is asked for there, and nowhere else. */
  #checkHome(served: Served): void {
    const id = /\/responses\/([^/?]+)/.exec(served.path)?.[1]
    if (id !== undefined) this.#checkOwner(served, id)
  }

  #checkOwner(served: Served, id: string): void {
    const owner = this.#context.ownerOf(id)
    if (owner !== undefined && owner !== served.endpoint)
      this.#add('state_at_home', served, `request ${served.nth} asks endpoint ${served.endpoint} for ${id} of ${owner}`)
  }

  #checkRepeat(served: Served, caller: Caller): void {
    const { face } = caller.plan
    for (const earlier of this.#posts(served)) {
      if (earlier === served) continue
      const heard = wasHeard(earlier) && !this.#wasCutUnread(earlier, caller) ? earlier.answered : undefined
      if (heard?.means === 'ok' && !caller.options.strict)
        this.#add('no_repeat_after_answer', served, `request ${served.nth} after the answer to request ${earlier.nth}`)
      // What one hedge was told does not keep the others from going on.
      if (heard?.means === 'final' && caller.options.holdsAnswers && caller.options.legs === 1)
        this.#add('no_repeat_after_answer', served, `request ${served.nth} after a final refusal of ${earlier.nth}`)
      if (!earlier.written) continue
      if (face === 'fetch_once' || (face === 'foreign_post' && !turnsAway(earlier)))
        this.#add('no_unsafe_repeat', served, `request ${served.nth} repeats what was sent and must not be`)
      const turnedAway = heard?.refused === true || heard?.means === 'not_found'
      if (isStateful(earlier, caller) && !caller.options.retryUnknown && !turnedAway)
        this.#add('no_unsafe_repeat', served, `request ${served.nth} may double what request ${earlier.nth} has done`)
    }
  }

  /** The time of an attempt also ends while its last event waits, taken from the socket, for a reader that pauses. */
  #wasCutUnread(served: Served, { ledger }: Caller): boolean {
    const entry = ledger?.attempts.find((each) => each.served === served)
    return served.onSocket && entry?.endedUnread === true && entry.ended?.code === 'stale_timeout'
  }

  #posts(served: Served): Served[] {
    return this.#context.requestsOf(served.call).filter((each) => each.method === 'POST' && each.nth <= served.nth)
  }

  #caller({ call }: Served): Caller | undefined {
    return this.#context.callers.get(call)
  }

  #add(invariant: Parameters<Violations['add']>[0], served: Served, detail: string): void {
    this.#context.violations.add(invariant, served.call, detail)
  }
}

/** A body that the caller has rebuilt may be without what made the first one stateful. */
function isStateful({ body, message }: Served, caller: Caller): boolean {
  // On a WebSocket it is known when it is written, also where it never arrives.
  if (message !== undefined) return typeof message.conversation === 'string' || message.background === true
  return body === undefined ? caller.isStateful : /"(?:conversation":"|background":true)/.test(body)
}

/** Statuses that say that nothing was done, before any body says more. */
const TURNS_AWAY = new Set([425, 429, 503, 529])

export function turnsAway({ answered }: Served): boolean {
  return answered !== undefined && TURNS_AWAY.has(answered.status)
}
