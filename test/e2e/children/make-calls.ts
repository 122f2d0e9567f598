/** Makes calls, says what they came to, and never closes its client: an idle one must not keep the process alive. */
import { nextTurn } from '../../../src/core/turn.ts'
import { findResilientError, ResilientClient, type ResilientClientOptions } from '../../../src/index.ts'
import { inParallel } from '../support/calls.ts'

interface Input extends ResilientClientOptions {
  readonly baseURL: string
  readonly calls: number
  readonly atATime: number
}

const { calls, atATime, ...options } = JSON.parse(process.argv[2] ?? '{}') as Input
const client = new ResilientClient(options)

async function makeCall(call: number | 'last'): Promise<string> {
  try {
    const response = await client.fetch(`${options.baseURL}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test', 'x-mock-call': String(call) },
      body: JSON.stringify({ model: 'gpt-5.2', input: 'hi', stream: true }),
    })
    return await read(response)
  } catch (error) {
    return findResilientError(error)?.code ?? 'unknown'
  }
}

async function read(response: Response): Promise<string> {
  try {
    const text = await response.text()
    if (!response.ok) return `HTTP ${response.status}`
    return text.includes('"response.completed"') ? 'ok' : 'wrong output'
  } catch (error) {
    return findResilientError(error)?.name === 'StreamInterruptedError' ? 'interrupted' : 'wrong error'
  }
}

const counts: Record<string, number> = {}
for (const came of await inParallel(calls, atATime, makeCall)) counts[came] = (counts[came] ?? 0) + 1
// It leaves a connection and its client idle.
await makeCall('last')

// Sockets that are just becoming idle get their turns; what is then left would keep the process alive.
const holding = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'TCPSocketWrap')
for (let turn = 0; turn < 10_000 && holding().length > 0; turn++) await nextTurn()
process.stdout.write(JSON.stringify({ counts, holding: holding() }))
