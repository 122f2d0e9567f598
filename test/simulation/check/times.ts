import type { AttemptRecord } from '../../../src/index.ts'
import type { AttemptEntry } from './attempt-entry.ts'
import type { Ledger, LedgerContext } from './ledger.ts'

/** Records count in whole milliseconds, and timers fire within one. */
const ROUNDING_MS = 3
/** Behind an `error` event the richer word is awaited. */
const LINGER_MS = 1000

/** No attempt outlives its deadlines, and none is cut before them. */
export function checkTimes(ledger: Ledger, entry: AttemptEntry, record: AttemptRecord, context: LedgerContext): void {
  const { caller, kind } = ledger
  const { options, plan } = caller
  const now = context.now()
  const slack = 2 * context.stalledSince(entry.startedAt) + ROUNDING_MS
  const late = (name: string, took: number, limit: number): void => {
    if (limit > 0 && took > limit + slack)
      context.violations.add('deadline_in_time', plan.id, `attempt ${entry.number}: ${took} ms, ${name} is ${limit}`)
  }
  const startedMs = record.startedAtMs
  if (kind !== 'passthrough' || record.phase !== 'committed')
    late('staleMs', record.endedAtMs - startedMs, options.staleMs + LINGER_MS)
  if (record.phase === 'connecting' && !options.queues)
    late('connectMs', record.endedAtMs - startedMs, options.connectMs)
  const { connectedAtMs, sentAtMs, firstEventAtMs } = record
  if (record.phase === 'sending' && connectedAtMs !== undefined && plan.face !== 'fetch_once')
    late('sendMs', record.endedAtMs - connectedAtMs, options.sendMs + progressMs(entry))
  if (kind === 'stream' && sentAtMs !== undefined && firstEventAtMs === undefined)
    late('ttfbMs', record.endedAtMs - sentAtMs, options.ttfbMs)
  const { served } = entry
  const pausedMs = caller.unreadMs - entry.pausedBefore
  const silentSince = served?.lastReadAt
  if (kind !== 'json' && silentSince !== undefined && pausedMs === 0)
    late('idleMs', now - silentSince, options.idleMs + LINGER_MS)
  checkNotEarly(ledger, entry, record, context)
}

/** On a WebSocket each piece that was taken gives the rest as long again. */
function progressMs({ served }: AttemptEntry): number {
  const send = served?.onSocket ? served.plan.send : undefined
  return typeof send === 'object' ? send.pieces * send.everyMs : 0
}

function checkNotEarly(ledger: Ledger, entry: AttemptEntry, record: AttemptRecord, context: LedgerContext): void {
  const { deadline } = record
  if (deadline === undefined) return
  const { served } = entry
  const now = context.now()
  const silentMs = served?.lastReadAt === undefined ? undefined : now - served.lastReadAt
  const since = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : record.endedAtMs - atMs
  const passed: Readonly<Record<string, number | undefined>> = {
    connect: since(record.startedAtMs),
    send: since(record.connectedAtMs),
    ttfb: since(record.sentAtMs),
    idle: silentMs,
    progress: since(record.firstEventAtMs),
    stale: since(record.startedAtMs),
    // A resume goes on with the time of its response.
    total: now - (ledger.method === 'GET' ? ledger.caller.startedAt : ledger.startedAt),
    before_commit: now - ledger.startedAt,
  }
  const ran = passed[deadline.name]
  if (ran !== undefined && ran < deadline.ms - ROUNDING_MS) {
    const detail = `attempt ${entry.number} was cut by ${deadline.name} (${deadline.ms} ms) after ${ran} ms`
    context.violations.add('deadline_not_early', ledger.caller.plan.id, detail)
  }
}
