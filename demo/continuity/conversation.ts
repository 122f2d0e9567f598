import { type JsonObject, type Random, seededRandom, type ToolCall } from '../../src/testing/index.ts'

/** The number of turns in which an agent writes a file and runs the tests, until it is done. */
export const TURNS = 17

export const MODEL = 'mock'

export const INSTRUCTIONS =
  'You are a coding agent. Work in small steps: write one file, run the tests, read what they say, go on.'

export const TOOLS: readonly JsonObject[] = [
  tool('write_file', 'Writes a file.', ['path', 'content']),
  tool('run_tests', 'Runs the tests, and returns what they print.', ['filter']),
]

/** Tokens of new input in a turn, including instructions and tools. */
const NEW_INPUT = { least: 2000, below: 2300 }
/** Bytes of the file that the model writes in a turn. They become input only when a history is sent again. */
const FILE_BYTES = { least: 5600, below: 6800 }

const BYTES_PER_TOKEN = 4

/** The new input of a turn: first the task, later the results of tools. */
export function newInput(turn: number, seed: number): readonly JsonObject[] {
  const random = seededRandom(seed * 1000 + turn)
  const tokens = Math.floor(between(NEW_INPUT, random))
  const overhead = bytesOf(INSTRUCTIONS) + bytesOf(JSON.stringify(TOOLS)) + bytesOf(JSON.stringify(itemsOf(turn, '')))
  return itemsOf(turn, logOf(random, tokens * BYTES_PER_TOKEN - overhead))
}

/** The tool calls in the model's answer. None in the last turn. */
export function toolCalls(turn: number, seed: number): readonly ToolCall[] {
  if (turn === TURNS) return []
  const random = seededRandom(seed * 1000 + turn + 500)
  const path = `src/step-${turn}.ts`
  const content = codeOf(random, between(FILE_BYTES, random))
  return [
    { name: 'write_file', callId: callId('write', turn), arguments: { path, content } },
    { name: 'run_tests', callId: callId('tests', turn), arguments: { filter: `step-${turn}` } },
  ]
}

export const LAST_WORDS = 'All steps are written, and the tests pass. Nothing is left to do.'

function itemsOf(turn: number, log: string): readonly JsonObject[] {
  if (turn === 1) return [{ role: 'user', content: `Make these tests pass, step by step.\n${log}` }]
  const written = { type: 'function_call_output', call_id: callId('write', turn - 1), output: 'Written.' }
  return [written, { type: 'function_call_output', call_id: callId('tests', turn - 1), output: log }]
}

function callId(kind: string, turn: number): string {
  return `call_${kind}_${turn}`
}

/** The output of a test runner, of a given length in JSON. */
function logOf(random: Random, bytes: number): string {
  return fill(bytes, () => {
    const [suite, test, ms] = [number(random, 40), number(random, 900), number(random, 90)]
    return `${random() < 0.8 ? 'ok  ' : 'FAIL'} suite-${suite}, case ${test}: expected ${number(random, 1e6)} (${ms} ms)`
  })
}

function codeOf(random: Random, bytes: number): string {
  return fill(bytes, () => `export const value${number(random, 1e4)} = compute(${number(random, 1e6)}, options)`)
}

/** Lines of plain ASCII, the last one cut to fit. A line end takes two bytes in JSON. */
function fill(bytes: number, line: () => string): string {
  const lines: string[] = []
  for (let left = bytes; left > 0; left -= 2) {
    const next = line().slice(0, left)
    lines.push(next)
    left -= next.length
  }
  return lines.join('\n')
}

function between({ least, below }: { least: number; below: number }, random: Random): number {
  return least + random() * (below - least)
}

function number(random: Random, below: number): number {
  return Math.floor(random() * below)
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text)
}

function tool(name: string, description: string, parameters: readonly string[]): JsonObject {
  const properties = Object.fromEntries(parameters.map((parameter) => [parameter, { type: 'string' }]))
  return { type: 'function', name, description, parameters: { type: 'object', properties, required: parameters } }
}
