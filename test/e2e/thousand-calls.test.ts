import { describe, expect, inject, it } from 'vitest'
import { findResilientError, ResilientClient } from '../../src/index.ts'
import { textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { noClientSocketsLeft } from '../support/proc-net.ts'
import { inParallel, outcomeOf, post, readAll } from './support/calls.ts'
import { runChild } from './support/child.ts'
import { allConnectionsClosed, expectNothingLeft } from './support/nothing-left.ts'
import { inVirtualTime } from './support/virtual-time.ts'

const CALLS = 1000
/** In real time, where a silent attempt takes seconds. */
const CALLS_OF_CHILD = inject('full') ? CALLS : 400
const CONCURRENCY = 50
const SEED = 5
const MAX_RETRIES = 2

/** One in five attempts meets one of these. The labels say what the call comes to if it may not be repeated. */
const FAULTS: readonly Fault[] = [
  { at: 'headers', effect: 'stall', probability: 0.04, label: 'ttfb_timeout' },
  { at: 'before_event', event: 0, effect: 'stall', probability: 0.02, label: 'ttfb_timeout' },
  { at: 'before_event', event: 0, effect: 'reset', probability: 0.04, label: 'connection_reset' },
  { at: 'before_event', event: 2, effect: 'eof', probability: 0.04, label: 'stream_incomplete' },
  { at: 'headers', effect: 'status', status: 503, probability: 0.04, label: 'HTTP 503' },
  // The first output is out: this is never repeated.
  { at: 'before_event', event: 6, effect: 'eof', probability: 0.02, label: 'interrupted' },
]

const textOf = (call: number) => `The answer to call ${call} in six words.`
const answerTo = (call: number) => textStream({ id: `resp_${call}`, text: textOf(call) })

interface Outcome {
  /** `ok`, the code of our error, `interrupted`, or the status that came back. */
  readonly came: string
  readonly attempts: number
}

/** What the seed and the retry limit imply for a call. */
function predict(server: MockResponsesServer, call: number): Outcome {
  for (let attempt = 1; ; attempt++) {
    const came = server.chanceFault(String(call), attempt)?.label ?? 'ok'
    const isLast = attempt > MAX_RETRIES
    // Where no retry is left, the prelude is handed over at its first event.
    if (isLast && came === 'stream_incomplete') return { came: 'interrupted', attempts: attempt }
    if (came === 'ok' || came === 'interrupted' || isLast) return { came, attempts: attempt }
  }
}

async function makeCall(client: ResilientClient, server: MockResponsesServer, call: number): Promise<string> {
  const { value: response, error } = await outcomeOf(post(client.fetch, server, { call: String(call) }))
  if (response === undefined) return findResilientError(error)?.code ?? 'unknown'
  if (!response.ok) {
    await response.text()
    return `HTTP ${response.status}`
  }
  const read = await readAll(response)
  const expected = toSSE(answerTo(call))
  if (read.error === undefined) return read.text === expected ? 'ok' : 'wrong output'
  // What had been sent before the cut was delivered, and nothing else.
  return expected.startsWith(read.text) && findResilientError(read.error)?.name === 'StreamInterruptedError'
    ? 'interrupted'
    : 'wrong error'
}

function start(): Promise<MockResponsesServer> {
  return MockResponsesServer.start({
    faults: FAULTS,
    seed: SEED,
    respond: ({ call }) => answerTo(Number(call)),
  })
}

/** One attempt in five fails, without end: no budget is made for that. */
const OPTIONS = { maxRetries: MAX_RETRIES, retry: { budget: false } } as const

describe('1 000 calls, 50 at a time, one attempt in five struck by a fault', { timeout: 120_000 }, () => {
  it('end as the seed and the retry limit imply, call by call; and nothing is left', async () => {
    await using server = await start()
    const clock = new VirtualClock()
    const client = new ResilientClient({ ...OPTIONS, clock })
    const calls = Array.from({ length: CALLS }, (_, call) => call)
    const expected = calls.map((call) => predict(server, call))
    const work = inParallel(CALLS, CONCURRENCY, (call) => makeCall(client, server, call))
    const came = await inVirtualTime(work, { clock, client, server })

    const attempts = new Map<string, number>()
    for (const { call = '' } of server.requests) attempts.set(call, (attempts.get(call) ?? 0) + 1)
    expect(calls.map((call) => ({ came: came[call], attempts: attempts.get(String(call)) }))).toEqual(expected)
    // A retry never goes out on a connection that carried a request, be it one that an overload answer left intact.
    expect(
      server.requests.filter(({ attempt, requestOnConnection }) => attempt > 1 && requestOnConnection > 1),
    ).toEqual([])
    // All outcomes occur, or the test would show little.
    expect(new Set(came)).toEqual(new Set(['ok', 'interrupted', 'ttfb_timeout', 'connection_reset', 'HTTP 503']))
    await inVirtualTime(expectNothingLeft(client, server), { clock, client, server })
    clock.assertNothingPending()
  })

  it('let a process that made such calls exit by itself, without close()', async () => {
    await using server = await start()
    server.script(['ok'], { call: 'last' })
    const { output, exitCode } = await runChild('make-calls.ts', {
      ...OPTIONS,
      // Long enough that a busy machine is not taken for a silent endpoint.
      timeouts: { ttfbMs: 3000 },
      baseURL: server.baseURL,
      calls: CALLS_OF_CHILD,
      atATime: CONCURRENCY,
    })
    expect(exitCode).toBe(0)
    const counts: Record<string, number> = {}
    for (let call = 0; call < CALLS_OF_CHILD; call++) {
      const { came } = predict(server, call)
      counts[came] = (counts[came] ?? 0) + 1
    }
    const { counts: came, holding } = JSON.parse(output)
    // A reset that meets a write in flight reads as a broken pipe.
    const { connection_closed: brokenPipes = 0, ...told } = came
    told.connection_reset += brokenPipes
    expect({ counts: told, holding }).toEqual({ counts, holding: [] })
    await allConnectionsClosed(server)
    await noClientSocketsLeft(server.port)
  })
})
