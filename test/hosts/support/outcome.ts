import { findResilientError, ResilientClient, type ResilientClientOptions } from '../../../src/index.ts'
import { VirtualClock } from '../../../src/testing/index.ts'
import { type Fault, MockResponsesServer } from '../../../src/testing/server.ts'
import { expectNothingLeft } from '../../e2e/support/nothing-left.ts'
import { inVirtualTime } from '../../e2e/support/virtual-time.ts'
import { pause } from '../../support/until.ts'
import { ANSWER_TEXT, answerEvents, type Failure } from './failures.ts'
import { type Host, type HostSettings, read } from './host.ts'

/** How long one who waits on a silent connection is watched before it counts as hanging. */
const HANGS_MS = 1_500
const LATE_MS = 1_000

/** What a host makes of a failure without us: with its own `fetch`, its own retries and its own timeouts. */
export async function alone(host: Host, { faults, endless = false }: Failure): Promise<string> {
  const server = await MockResponsesServer.start({ respond: answerEvents })
  server.script([[...lateness(faults), ...faults]])
  const given = new AbortController()
  const settled = outcome(host, server, {}, given.signal)
  const hangs = async (): Promise<string> => {
    await server.waitFor('fault', ({ fault }) => fault === faults.at(-1), { waitMs: 0 })
    await pause(HANGS_MS)
    return 'hangs'
  }
  try {
    return endless ? await Promise.race([settled, hangs()]) : await settled
  } finally {
    given.abort()
    await server.close()
    await settled
  }
}

/** Models fail seconds after the last event, and the AI SDK treats what fails within 50 ms of one differently. */
function lateness([first]: readonly Fault[]): Fault[] {
  return first?.at === 'before_event' && first.event !== undefined
    ? [{ at: 'before_event', event: first.event, effect: 'delay', ms: LATE_MS }]
    : []
}

/** The same with our `fetch`, in virtual time, and without retries of the host's own. */
export async function withUs(
  host: Host,
  { faults }: Failure,
  settings: Partial<HostSettings> = {},
  options: ResilientClientOptions = {},
): Promise<string> {
  const server = await MockResponsesServer.start({ respond: answerEvents })
  server.script([faults])
  const clock = new VirtualClock()
  const client = new ResilientClient({ clock, ...options })
  const inTime = <T>(work: Promise<T>) => inVirtualTime(work, { clock, client, server })
  const text = await inTime(outcome(host, server, { fetch: client.fetch, maxRetries: 0, ...settings }))
  await inTime(expectNothingLeft(client, server))
  clock.assertNothingPending()
  server.assertConsumed({ allowMore: true })
  await server.close()
  return text
}

async function outcome(
  host: Host,
  server: MockResponsesServer,
  settings: Partial<HostSettings>,
  signal?: AbortSignal,
): Promise<string> {
  const client = host.connect({ baseURL: server.baseURL, ...settings })
  const { answer, error } = await read(client.stream(signal ? { signal } : {}))
  const requests = server.requests.length === 1 ? '' : ` at request ${server.requests.length}`
  if (error !== undefined) {
    const code = findResilientError(error)?.code
    return `\`${host.describe(error)}\`${code === undefined ? '' : ` (\`${code}\`)`}${requests}`
  }
  if (!answer.finished) return `ends without an error and without a result${requests}`
  if (answer.text === ANSWER_TEXT) return `complete${requests}`
  // Text of a failed attempt stays with those who have already read it.
  if (answer.text.endsWith(ANSWER_TEXT)) return `complete${requests}, after the cut text`
  return `takes cut text for complete${requests}`
}

/** How many requests a host and we make together for a call that meets `fault` every time. Its own waits are real. */
export async function requestsOf(host: Host, fault: Fault, settings: Partial<HostSettings>): Promise<number> {
  const server = await MockResponsesServer.start({ faults: [fault] })
  const clock = new VirtualClock()
  const client = new ResilientClient({ clock })
  const call = outcome(host, server, { fetch: client.fetch, ...settings })
  await inVirtualTime(call, { clock, client, server })
  await inVirtualTime(expectNothingLeft(client, server), { clock, client, server })
  await server.close()
  return server.requests.length
}
