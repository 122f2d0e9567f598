import { fitRequest, outputItemOf, requestPrintOf } from '../../src/transport/websocket/fit.ts'
import type { Json } from '../../src/transport/websocket/prints.ts'
import type { Probe } from './contract.ts'
import { cpuPer } from './support.ts'

const HISTORY_BYTES = 5 * 1024 * 1024
const words = (count: number): string => Array.from({ length: count }, (_, n) => `word${n % 97}`).join(' ')

/** The history of an agent: questions, tool calls, and what the tools said. */
function history(): Json[] {
  const items: Json[] = []
  for (let n = 0, bytes = 0; bytes < HISTORY_BYTES; n++) {
    const turn: Json[] = [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: words(600) }] },
      { type: 'function_call', call_id: `call_${n}`, name: 'run', arguments: JSON.stringify({ cmd: words(40) }) },
      { type: 'function_call_output', call_id: `call_${n}`, output: words(1000) },
    ]
    bytes += JSON.stringify(turn).length
    items.push(...turn)
  }
  return items
}

/** What a call with sockets spends on the question whether its request continues the last turn. CPU, in milliseconds. */
export const fit: Probe = async (_variant, { quick }) => {
  const input = history()
  const answer = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: words(100) }] }
  const body = (items: Json[]): Record<string, Json> => ({ model: 'bench', store: false, input: items })
  const request = requestPrintOf(body(input))
  if (request === undefined) throw new Error('no input')
  const turn = { responseId: 'resp_1', request, output: [outputItemOf(answer)] }
  const next = body([...input, answer, { type: 'message', role: 'user', content: 'And?' }])
  const micros = await cpuPer(quick ? 10 : 40, 5, async () => {
    const print = requestPrintOf(next)
    if (print === undefined || fitRequest(turn, print).kind !== 'incremental') throw new Error('it does not fit')
  })
  return micros / 1000
}
