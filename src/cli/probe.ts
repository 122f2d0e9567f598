import { redactUrl } from '../errors/redact.ts'
import type { ProbedCall } from './probe-calls.ts'
import type { ConnectionTimes, FailedConnection } from './probe-connections.ts'
import type { ProbeFigures } from './probe-figures.ts'
import { PROBE_HELP, type ProbeOptions, probeOptions } from './probe-options.ts'
import type { Terminal } from './terminal.ts'

const CONNECTIONS = 5
/** Where lines cannot be written over, a line is printed after so many calls. */
const PLAIN_EVERY = 10

interface Seen {
  readonly connections: (ConnectionTimes | FailedConnection)[]
  readonly calls: ProbedCall[]
}

/** `resilient-responses probe`: measures an endpoint by small calls, and says which options fit. */
export async function probe(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = probeOptions(args)
  if (options === 'help') {
    terminal.out(PROBE_HELP)
    return 0
  }
  const seen: Seen = { connections: [], calls: [] }
  const stopped = new AbortController()
  const forget = terminal.onStop(() => stopped.abort(new Error('stopped')))
  try {
    await measure(options, seen, terminal, stopped.signal)
  } finally {
    forget()
  }
  await print(options, seen, terminal, stopped.signal.aborted)
  if (stopped.signal.aborted) return 130
  return seen.calls.some(({ outcome }) => outcome === 'answered') ? 0 : 1
}

async function measure(options: ProbeOptions, seen: Seen, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { timeConnection } = await import('./probe-connections.ts')
  const { probeCalls } = await import('./probe-calls.ts')
  const progress = new Progress(options, seen, terminal)
  progress.show()
  for (let n = 0; n < CONNECTIONS && !signal.aborted; n++) {
    const result = await timeConnection(new URL(options.baseURL), { signal })
    if (!signal.aborted) seen.connections.push(result)
  }
  await probeCalls(options, {
    signal,
    onCall: (call) => {
      seen.calls.push(call)
      progress.show()
    },
  })
  progress.end()
}

/** On stderr, so that the result alone is on stdout. */
class Progress {
  readonly #total: number
  readonly #seen: Seen
  readonly #terminal: Terminal

  constructor({ calls, webSocket }: ProbeOptions, seen: Seen, terminal: Terminal) {
    this.#total = calls * (webSocket ? 2 : 1)
    this.#seen = seen
    this.#terminal = terminal
  }

  show(): void {
    const { calls } = this.#seen
    const count = (outcome: ProbedCall['outcome']): number => calls.filter((call) => call.outcome === outcome).length
    const text = `${calls.length} of ${this.#total} calls, ${count('dead')} dead, ${count('failed')} failed`
    if (this.#terminal.live) this.#terminal.err(`\r\x1b[2K${text}`)
    else if (calls.length % PLAIN_EVERY === 0) this.#terminal.err(`${text}\n`)
  }

  end(): void {
    if (this.#terminal.live) this.#terminal.err('\r\x1b[2K')
  }
}

async function print(options: ProbeOptions, seen: Seen, terminal: Terminal, stopped: boolean): Promise<void> {
  const { adviceOf } = await import('./probe-advice.ts')
  const { callsFigures, connectionFigures } = await import('./probe-figures.ts')
  const over = (transport: ProbedCall['transport']): ProbedCall[] =>
    seen.calls.filter((call) => call.transport === transport)
  const figures: ProbeFigures = {
    baseURL: redactUrl(new URL(options.baseURL)),
    model: options.model,
    waitMs: options.waitMs,
    stopped,
    connections: connectionFigures(seen.connections),
    http: callsFigures(over('http')),
    ...(options.webSocket && { webSocket: callsFigures(over('websocket')) }),
    all: callsFigures(seen.calls),
  }
  const advice = adviceOf(figures)
  if (options.json) {
    terminal.out(`${JSON.stringify({ ...figures, recommended: advice }, undefined, 2)}\n`)
    return
  }
  const { probeText } = await import('./probe-text.ts')
  terminal.out(probeText(figures, advice, terminal.color ? (text) => `\x1b[1m${text}\x1b[22m` : (text) => text))
}
