import { ResilientClient } from '../client/resilient-client.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { isResilientError, UpstreamError } from '../errors/errors.ts'
import { nameOf } from '../telemetry/names.ts'
import { recordCalls } from '../timeline/index.ts'
import { visible } from '../timeline/visible.ts'
import type { ProbeOptions } from './probe-options.ts'

export type ProbedTransport = 'http' | 'websocket'

/** One small call. Times are milliseconds. */
export interface ProbedCall {
  /** Over what the call was meant to go. */
  readonly transport: ProbedTransport
  /** The call went over HTTP, because the endpoint did not upgrade. */
  readonly fellBack: boolean
  /** `dead`: connected, and no event came in time. `stopped`: ended by the user of the command. */
  readonly outcome: 'answered' | 'dead' | 'failed' | 'stopped'
  readonly code?: ErrorCode
  readonly status?: number
  /** The endpoint's own code and message of a failure. */
  readonly words?: string
  readonly firstEventMs?: number
  /** Between two events that came after each other. */
  readonly longestPauseMs?: number
  readonly totalMs: number
}

/** As many calls may be under way. */
const MOST_AT_A_TIME = 16
const LONGEST_WORDS = 300

interface Running {
  readonly signal: AbortSignal
  readonly clock?: Clock
  onCall(call: ProbedCall): void
}

/** Makes the calls, over both transports in turns. Each is one attempt: what is measured is the endpoint, not the retries. */
export async function probeCalls(
  options: ProbeOptions,
  { signal, clock = systemClock, onCall }: Running,
): Promise<void> {
  const transports: readonly ProbedTransport[] = options.webSocket ? ['http', 'websocket'] : ['http']
  const clients = new Map(transports.map((transport) => [transport, clientFor(options, transport)]))
  const running = new Set<Promise<void>>()
  for (let number = 0; number < options.calls * transports.length && !signal.aborted; number++) {
    if (number > 0) await pause(options.everyMs, { signal, clock })
    while (running.size >= MOST_AT_A_TIME) await Promise.race(running)
    if (signal.aborted) break
    const transport = transports[number % transports.length] as ProbedTransport
    const client = clients.get(transport) as ResilientClient
    const call = probeCall(client, options, { transport, signal, clock })
      .then(onCall)
      .finally(() => running.delete(call))
    running.add(call)
  }
  await Promise.all(running)
  await Promise.all([...clients.values()].map((client) => client.destroy()))
}

function clientFor({ baseURL, apiKey, waitMs }: ProbeOptions, transport: ProbedTransport): ResilientClient {
  return new ResilientClient({
    baseURL,
    ...(apiKey !== undefined && { apiKey }),
    maxRetries: 0,
    hedge: false,
    timeouts: { ttfbMs: waitMs },
    webSocket: transport === 'websocket',
  })
}

async function probeCall(
  client: ResilientClient,
  { body }: ProbeOptions,
  {
    transport,
    signal,
    clock,
  }: { readonly transport: ProbedTransport; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<ProbedCall> {
  const recorder = recordCalls({ max: 1 })
  const view = client.withOptions({ instrumentations: [recorder] })
  const startedAt = clock.now()
  let lastAt: number | undefined
  let longestPauseMs: number | undefined
  let failure: Pick<ProbedCall, 'outcome' | 'code' | 'status' | 'words'> | undefined
  try {
    const stream = view.responses.stream(body as never, { signal })
    for await (const _ of stream) {
      const now = clock.now()
      if (lastAt !== undefined) longestPauseMs = Math.max(longestPauseMs ?? 0, now - lastAt)
      lastAt = now
    }
    await stream.finalResponse()
  } catch (error) {
    failure = signal.aborted ? { outcome: 'stopped' } : failureOf(error)
  }
  const [recorded] = recorder.calls()
  const { firstEventMs } = recorded ?? {}
  const isOverHttp = recorded?.attempts.at(-1)?.transport !== 'websocket'
  return {
    transport,
    fellBack:
      transport === 'websocket' && isOverHttp && recorded?.attempts.some(({ status }) => status !== undefined) === true,
    ...(failure ?? { outcome: 'answered' }),
    ...(firstEventMs !== undefined && { firstEventMs }),
    ...(longestPauseMs !== undefined && { longestPauseMs }),
    totalMs: clock.now() - startedAt,
  }
}

function failureOf(error: unknown): Pick<ProbedCall, 'outcome' | 'code' | 'status' | 'words'> {
  if (!isResilientError(error)) throw error
  const { code } = error
  if (code === 'ttfb_timeout') return { outcome: 'dead', code }
  if (!(error instanceof UpstreamError)) return { outcome: 'failed', code }
  const { status, upstreamCode, upstreamMessage } = error
  const words = [nameOf(upstreamCode), upstreamMessage].filter((word) => word !== undefined).join(': ')
  return {
    outcome: 'failed',
    code,
    ...(status !== undefined && { status }),
    ...(words !== '' && { words: visible(words).slice(0, LONGEST_WORDS) }),
  }
}

function pause(ms: number, { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock }): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimer(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.setTimer(end, ms)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  })
}
