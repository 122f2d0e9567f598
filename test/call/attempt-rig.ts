import { Attempt, type AttemptOptions } from '../../src/call/attempt.ts'
import { AttemptLog, type EndedAttempt } from '../../src/call/attempt-log.ts'
import type { Opened } from '../../src/call/opened.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import type { TelemetryEvent } from '../../src/telemetry/events.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { Exchange, ExchangeObserver, HeaderPairs, Transport } from '../../src/transport/transport.ts'
import { standIn } from '../support/typed.ts'
import { encode } from './reader-context.ts'

const off = { ms: 0, source: 'default' }
const limit = (ms: number) => ({ ms, source: 'option' })

export const INFO = { generation: 2, reused: true, connectionId: 7 }

export type Given = Partial<
  Pick<AttemptOptions, 'onHead' | 'onFirstEvent' | 'onCommit' | 'target' | 'couldRepeat' | 'expects' | 'sendIn'>
> & {
  readonly kind?: AttemptOptions['kind']
  readonly limits?: Partial<AttemptOptions['limits']>
  readonly commitAfterMs?: number
  readonly seesConnect?: boolean
  readonly takeResponse?: () => Response
  readonly readCopy?: () => void
  readonly path?: string
}

/** An attempt on an exchange that the test plays by hand, at 1000 of a call that began then. */
export function attempted(given: Given = {}) {
  const {
    kind = 'stream',
    limits,
    commitAfterMs = 0,
    seesConnect = true,
    takeResponse,
    readCopy,
    path = '/v1/responses',
    ...hooks
  } = given
  const clock = new VirtualClock({ startMs: 1000 })
  const asked: string[] = []
  const told: TelemetryEvent[] = []
  const heard: string[] = []
  const exchange: Exchange = {
    pause: () => asked.push('pause'),
    resume: () => asked.push('resume'),
    destroy: () => asked.push('destroy'),
    drain: () => asked.push('drain'),
    poison: (reason) => asked.push(`poison ${reason}`),
    ...(takeResponse && { takeResponse }),
    ...(readCopy && { readCopy }),
  }
  let reports!: ExchangeObserver
  const transport = standIn<Transport>({
    abilities: { seesConnect, seesSent: true, choosesConnection: true },
    send: (_: unknown, observer: ExchangeObserver) => {
      reports = observer
      return exchange
    },
  })
  const telemetry = new TelemetryEmitter((event) => told.push(event))
  const ends: EndedAttempt[] = []
  const attemptEnded = (end: EndedAttempt): void => void ends.push(end)
  const call = { id: 1, startedAt: 1000, clock, telemetry, attemptEnded }
  const attempt = new Attempt({
    number: 3,
    request: {
      url: new URL(`https://api.test:8443${path}`),
      method: 'POST',
      headers: [['authorization', 'Bearer hunter2hunter2']],
      body: { kind: 'none' },
      connection: 'fresh',
      attempt: 3,
    },
    transport,
    clock,
    log: new AttemptLog(call, 3, undefined),
    limits: {
      connect: limit(10),
      send: limit(20),
      ttfb: limit(100),
      idle: limit(200),
      progress: limit(1000),
      stale: off,
      ...limits,
    } as AttemptOptions['limits'],
    deadlines: { startedAt: 1000, total: off, beforeCommit: off, commitAfterMs },
    kind,
    commitWithId: false,
    reading: {
      needsEvents: true,
      wholeFrames: false,
      commitAt: 'progress',
      maxEventBytes: 1e6,
      maxPreludeBytes: 1e6,
    },
    onFirstEvent: ({ number }) => heard.push(`first event ${number}`),
    onCommit: ({ number, committed }) => heard.push(`commit ${number} ${committed}`),
    owner: { onAttemptEnded: ({ number, ended }) => heard.push(`ended ${number} ${ended}`) },
    ...hooks,
  })
  let opened: Opened | undefined
  void attempt.opened.then((how) => {
    opened = how
  })
  return {
    attempt,
    /** What the exchange reports to. */
    reports,
    clock,
    exchange,
    heard,
    /** What the end of the call hears of the attempt. */
    ends,
    told: () => told.map(({ type }) => type),
    commits: () => told.flatMap((event) => (event.type === 'attempt_commit' ? [event.reason] : [])),
    /** What was asked of the exchange since the last look. */
    asked: () => asked.splice(0),
    opened: async () => {
      await clock.settle()
      return opened
    },
    sent() {
      reports.connecting()
      reports.connected(INFO)
      reports.sending()
      reports.sent()
    },
    head(status = 200, headers: HeaderPairs = []) {
      reports.head({ status, statusText: '', headers })
    },
    data: (...frames: readonly string[]) => reports.data(encode(frames.join(''))),
    /** Takes what there is, as a consumer does. */
    take() {
      const taken = attempt.output.take()
      attempt.resume()
      return taken.kind === 'item' ? Buffer.from(taken.item.bytes).toString() : taken
    },
  }
}
