import type { GiveUpReason } from '../../../src/index.ts'
import { isForeign } from '../draw-attempts.ts'
import { type Served, wasHeard } from '../served.ts'
import type { AttemptEntry } from './attempt-entry.ts'
import { isConnectFailure } from './connects.ts'
import type { Ledger, LedgerContext } from './ledger.ts'
import { turnsAway } from './requests.ts'

const STATEFUL = new Set(['background', 'background_create'])

/** Whether the reason that is given for not retrying is true: a client that gives up too early is broken, too. */
export function checkRefusal(
  ledger: Ledger,
  current: AttemptEntry,
  code: string,
  reason: GiveUpReason,
  context: LedgerContext,
): void {
  const { caller } = ledger
  const { plan, options } = caller
  const served = current.served
  const heard = served !== undefined && wasHeard(served) ? served.answered : undefined
  const says = (holds: boolean, why: string): void => {
    if (!holds) context.violations.add('reason_holds', plan.id, `gave up after ${code} for ${reason}, but ${why}`)
  }
  switch (reason) {
    case 'committed':
      says(current.committed, 'nothing was handed over')
      return
    case 'not_retryable':
      if (code.endsWith('_timeout')) says(code === 'total_timeout' || code === 'before_commit_timeout', 'it is')
      else if (code === 'http_status' || code === 'response_failed')
        says(heard === undefined || heard.means !== 'later', 'the endpoint only said: later')
      else says(!CONNECTION_CODES.has(code) || mayBeOver(ledger, served, code), 'the connection was lost')
      return
    case 'not_replayable': {
      const stateful = STATEFUL.has(plan.face) || plan.conversation === true
      const once = plan.face === 'fetch_once' || plan.face === 'foreign_post'
      const outOfTime = isForeign(plan.face) && code.endsWith('_timeout')
      says(stateful || once || outOfTime, 'it can be repeated')
      says(plan.face !== 'foreign_post' || heard === undefined || !turnsAway(served as Served), 'it was turned away')
      if (!once) says(!options.retryUnknown && heard?.refused !== true, 'it was refused, or may be repeated unknown')
      says(served?.written ?? false, 'nothing was sent')
      return
    }
    case 'retries_exhausted':
      says(ledger.retries >= options.maxRetries, `only ${ledger.retries} were made`)
      return
    case 'unreachable': {
      const { all, hostNotFound } = ledger.connectsTo(current.endpoint)
      says(isConnectFailure(current, code), 'there was a connection')
      says(all >= 4 || hostNotFound >= 2, `only ${all} connects`)
      return
    }
    case 'budget_exhausted':
      says((context.account(plan.endpoint)?.balance ?? Infinity) < 1 + 1e-6, 'there is something left')
      return
    case 'deadline_exceeded':
      says(options.totalMs > 0 || options.hasBeforeCommit, 'there is no such deadline')
      return
    case 'hint_too_long':
      says((heard?.hintMs ?? 0) > options.maxHintMs, `the hint was ${heard?.hintMs} ms`)
  }
}

/** A stream that was asked for the events after a known one ended without any, or a part of one: there may be none. */
function mayBeOver({ method }: Ledger, served: Served | undefined, code: string): boolean {
  if (method !== 'GET' || served?.delivered !== 0 || served.plan.fault?.how === 'truncated') return false
  return code === 'stream_incomplete' || code === 'empty_response'
}

const CONNECTION_CODES = new Set([
  'connection_reset',
  'connection_closed',
  'connection_refused',
  'network_unreachable',
  'stream_incomplete',
  'empty_response',
  'malformed_event',
  'protocol_error',
  'resources_exhausted',
  'unexpected_content',
])
