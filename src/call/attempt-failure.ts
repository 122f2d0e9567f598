import { shortTime } from '../core/short-time.ts'
import type { AttemptPhase, DeadlineInfo } from '../errors/errors.ts'
import { PHASES } from '../errors/explain.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { secretsOf } from '../errors/redact.ts'
import { classifyTransportError } from '../retry/classify-transport.ts'
import type { ConnectionInfo, Transport, TransportRequest } from '../transport/transport.ts'
import type { AttemptTimes } from '../watchdog/deadlines.ts'
import { plainTextHint } from './address-advice.ts'
import type { ReaderContext } from './response-reader.ts'
import { silenceHint } from './silence-hint.ts'

/** An attempt at the moment when its exchange broke, or a deadline expired. */
export interface BrokenAttempt {
  readonly request: Pick<TransportRequest, 'url' | 'headers'>
  readonly transport: Pick<Transport, 'abilities'>
  readonly kind: ReaderContext['kind']
  readonly times: Readonly<AttemptTimes>
  readonly connection: ConnectionInfo | undefined
}

/** The phase of an attempt, by its instants. Pure. */
export function phaseOf(times: Readonly<AttemptTimes>): AttemptPhase {
  if (times.committed) return 'committed'
  if (times.firstEventAt !== undefined) return 'prelude'
  if (times.sentAt !== undefined) return 'waiting'
  if (times.connectedAt !== undefined) return 'sending'
  return times.connectingAt === undefined ? 'preparing' : 'connecting'
}

/** The failure for an error of the transport. */
export function transportFailure(error: unknown, broken: BrokenAttempt): Failure {
  const { request, connection, times } = broken
  const { url, headers } = request
  const secrets = secretsOf(url, headers)
  const failed = classifyTransportError(error, { connecting: isUnsent(broken), host: url.host, secrets })
  const { code, connecting = false, message } = failed
  const hint = plainTextHint({
    url,
    code,
    connecting,
    responseStarted: times.lastByteAt !== undefined,
    connectionReused: connection?.reused === true,
  })
  return hint === '' ? failed : { ...failed, message: `${message}${hint}` }
}

/** The failure for an expired deadline. */
export function deadlineFailure(deadline: DeadlineInfo, broken: BrokenAttempt): Failure {
  const { request, times, kind } = broken
  const { name, ms, source } = deadline
  const message = `${request.url.host} timed out ${PHASES[phaseOf(times)]}: ${name} deadline of ${shortTime(ms)} (${source})`
  const mayBeBuffered = name === 'ttfb' && kind === 'stream'
  const hint = mayBeBuffered ? silenceHint(times) : ''
  const advice = hint === '' ? undefined : hint
  return failure(`${name}_timeout`, advice === undefined ? message : `${message}. ${advice}`, {
    deadline,
    advice,
    connecting: isUnsent(broken),
  })
}

/** Whether certainly nothing was sent, because there was no connection yet. */
function isUnsent({ times, transport }: BrokenAttempt): boolean {
  const phase = phaseOf(times)
  return phase === 'connecting' || (phase === 'preparing' && transport.abilities.seesConnect)
}
