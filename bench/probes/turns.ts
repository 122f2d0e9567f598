import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { ResilientClient, type ResponseCreateParams } from '../../src/index.ts'
import type { Probe } from './contract.ts'
import type { EndpointFigures, EndpointReady } from './turns-endpoint.ts'

const TURNS = 20
/** What a tool says in a turn. With what the model says, a turn adds 10.5 KB. */
const OUTPUT_BYTES = 6800
/** Tools take this long. Longer than a TCP sender keeps its window (`slow-link`), and shorter than running tests takes. */
const TOOLS_MS = 300

const PARAMS = {
  model: 'bench',
  instructions:
    'You are a coding agent. Work in small steps: write one file, run the tests, read what they say, go on.',
  tools: [{ type: 'function', name: 'write_file', parameters: { type: 'object', properties: {} } }],
  store: false,
} as const

interface Agent {
  /** Milliseconds of the calls, without the tools. */
  readonly ms: number
  /** JSON of the last input. */
  readonly historyBytes: number
}

/** An agent that sends its whole history in every turn, and runs a tool between two turns. */
async function run(client: ResilientClient, turns: number, toolsMs: number): Promise<Agent> {
  const history: object[] = [{ role: 'user', content: 'Make the tests pass.' }]
  let ms = 0
  let historyBytes = 0
  for (let turn = 1; turn <= turns; turn++) {
    if (turn > 1) await sleep(toolsMs)
    historyBytes = JSON.stringify(history).length
    const startedAt = performance.now()
    const { output } = await client.responses
      .stream({ ...PARAMS, input: [...history] } as unknown as ResponseCreateParams)
      .finalResponse()
    ms += performance.now() - startedAt
    history.push(...output)
    for (const item of output) {
      if (item.type !== 'function_call') throw new Error(`the endpoint sent ${item.type}`)
      history.push({ type: 'function_call_output', call_id: item.call_id, output: 'y'.repeat(OUTPUT_BYTES) })
    }
  }
  return { ms, historyBytes }
}

export const turns: Probe = async (variant) => {
  const [kind, delay] = variant.split('_')
  const hasWindow = delay === undefined
  const webSocket = kind === 'socket'
  const endpoint = new Worker(new URL('./turns-endpoint.ts', import.meta.url), { workerData: { hasWindow } })
  try {
    const [{ directPort, port, ca }] = (await once(endpoint, 'message')) as [EndpointReady]
    const clientAt = (at: number): ResilientClient =>
      new ResilientClient({ baseURL: `https://127.0.0.1:${at}/v1`, apiKey: 'sk-bench', tls: { ca }, webSocket })
    // Loads and compiles what a call takes.
    const warm = clientAt(directPort)
    await run(warm, TURNS, 0)
    await warm.close()
    const client = clientAt(port)
    const { ms, historyBytes } = await run(client, TURNS, hasWindow ? TOOLS_MS : 0)
    await client.close()
    endpoint.postMessage('figures')
    const [{ bytesUp, turns: came }] = (await once(endpoint, 'message')) as [EndpointFigures]
    if (came[webSocket ? 'websocket' : 'http'] !== 2 * TURNS) throw new Error(`turns came as ${JSON.stringify(came)}`)
    if (Math.abs(historyBytes - 200_000) > 10_000) throw new Error(`the history grew to ${historyBytes} bytes`)
    return { bytes: bytesUp, ms }
  } finally {
    await endpoint.terminate()
  }
}
