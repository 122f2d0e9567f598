import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Fit,
  fitRequest,
  incrementOf,
  outputItemOf,
  requestPrintOf,
  type Turn,
} from '../../../src/transport/websocket/fit.ts'
import type { Json } from '../../../src/transport/websocket/prints.ts'

type Item = Record<string, Json>
type Body = Record<string, Json> & { readonly input: Item[] }

/** A line of a trace of Codex CLI: the long texts of a body are left out, and their sizes stand in their place. */
interface Line {
  readonly ev: string
  /** The number of the socket. */
  readonly u?: number
  readonly method?: string
  readonly url?: string
  readonly body?: Body
}

const SHARED: Body = {
  model: 'gpt-5.5',
  stream: true,
  tool_choice: 'auto',
  store: false,
  include: ['reasoning.encrypted_content'],
  tools: ['function:exec_command'],
  input: [],
}
const said = (role: string, id: string, bytes: number): Item => ({ type: 'message', role, id, bytes })
const asked = (call: string): Item => ({
  type: 'function_call',
  id: `fc_${call}`,
  call_id: `call_${call}`,
  name: 'exec_command',
})
const told = (call: string): Item => ({
  type: 'function_call_output',
  id: 'fco_1',
  call_id: `call_${call}`,
  bytes: 237,
})
const START = [said('developer', 'msg_1', 21_595)]
const PROMPT = [said('developer', 'msg_2', 5357), said('user', 'msg_3', 134)]

/** In the shape of the recorded traces: a turn with a tool call, a cut, and the same over HTTP. */
const OVER_SOCKETS: readonly Line[] = [
  { ev: 'ws-in', u: 1, body: { ...SHARED, type: 'response.create', generate: false, input: START } },
  { ev: 'ws-in', u: 1, body: { ...SHARED, type: 'response.create', previous_response_id: 'resp_1', input: PROMPT } },
  {
    ev: 'ws-in',
    u: 1,
    body: { ...SHARED, type: 'response.create', previous_response_id: 'resp_2', input: [told('resp_2')] },
  },
  { ev: 'ws-close', u: 1 },
  {
    ev: 'ws-in',
    u: 2,
    body: { ...SHARED, type: 'response.create', input: [...START, ...PROMPT, asked('resp_2'), told('resp_2')] },
  },
]
const OVER_HTTP: readonly Line[] = [
  { ev: 'http', method: 'POST', url: '/v1/responses', body: { ...SHARED, input: [...START, ...PROMPT] } },
  { ev: 'http', method: 'POST', url: '/v1/responses', body: { ...SHARED, input: [...START, ...PROMPT] } },
  {
    ev: 'http',
    method: 'POST',
    url: '/v1/responses',
    body: { ...SHARED, input: [...START, ...PROMPT, asked('resp_1'), told('resp_1')] },
  },
]

interface Step {
  readonly body: Body
  /** What Codex sent: all of the conversation, or what is new in it. */
  readonly sentIncrement: boolean
  readonly found: Fit | undefined
}

/** A request is what Codex would send over HTTP. Its answers are not recorded: a tool's result tells which call was one. */
function replaySockets(lines: readonly Line[]): Step[] {
  let socket: number | undefined
  let before: Body | undefined
  return lines.flatMap(({ ev, u, body: sent }) => {
    if (ev !== 'ws-in' || sent === undefined) return []
    if (u !== socket) before = undefined
    socket = u
    const { type: _type, previous_response_id: previous, ...fields } = sent
    const calls = typeof previous === 'string' ? sent.input.flatMap(callOf) : []
    const known = before === undefined ? [] : [...before.input, ...calls]
    const body: Body = { ...fields, input: previous === undefined ? sent.input : [...known, ...sent.input] }
    const found = before && fitBehind(before, calls, body, previous)
    before = body
    return [{ body, sentIncrement: previous !== undefined, found }]
  })
}

function callOf({ type, call_id }: Item): Item[] {
  return type === 'function_call_output' ? [asked(String(call_id).replace('call_', ''))] : []
}

/** Over HTTP everything is sent: the answer is what stands behind the input of the request before, and is no tool's result. */
function replayHttp(lines: readonly Line[]): Step[] {
  let before: Body | undefined
  return lines.flatMap(({ ev, method, url, body }) => {
    if (ev !== 'http' || method !== 'POST' || url !== '/v1/responses' || body === undefined) return []
    const behind = body.input.slice(before?.input.length ?? 0)
    const output = behind.filter(({ type }) => type === 'function_call')
    const found = before && fitBehind(before, output, body, 'resp_0')
    const sentIncrement = before !== undefined && behind.length > 0
    before = body
    return [{ body, sentIncrement, found }]
  })
}

function fitBehind(before: Body, output: readonly Item[], body: Body, previous: Json | undefined): Fit {
  const [last, print] = [requestPrintOf(before), requestPrintOf(body)]
  if (last === undefined || print === undefined) throw new Error('no input')
  const turn: Turn = { responseId: String(previous), request: last, output: output.map(outputItemOf) }
  return fitRequest(turn, print)
}

function check(steps: readonly Step[]): void {
  for (const { body, sentIncrement, found } of steps)
    expect(found?.kind ?? 'whole', JSON.stringify(body.input).slice(0, 200)).toBe(
      sentIncrement ? 'incremental' : 'whole',
    )
}

describe('the requests of Codex', () => {
  it('go up as increments where Codex itself sends increments, with the same new items', () => {
    const steps = replaySockets(OVER_SOCKETS)
    check(steps)
    expect(steps.map(({ sentIncrement }) => sentIncrement)).toEqual([false, true, true, false])
    const third = steps[2] as Step
    expect(incrementOf(third.body, third.found as Extract<Fit, { kind: 'incremental' }>)).toEqual({
      ...SHARED,
      previous_response_id: 'resp_2',
      input: [told('resp_2')],
    })
  })

  it('go up as increments where Codex sends everything over HTTP, but not where it repeats a request', () => {
    const steps = replayHttp(OVER_HTTP)
    check(steps)
    expect(steps.map(({ sentIncrement }) => sentIncrement)).toEqual([false, false, true])
  })
})

const FOLDER = path.resolve(import.meta.dirname, '../../../../shared/codex-traces')
const RECORDED = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl')) : []

describe.skipIf(RECORDED.length === 0)('a recorded trace of Codex (skipped without ../shared/codex-traces)', () => {
  it.each(RECORDED)('fits as Codex itself sent it: %s', (name) => {
    const text = readFileSync(path.join(FOLDER, name), 'utf8')
    const lines = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
    const steps = [...replaySockets(lines), ...replayHttp(lines)]
    expect(steps.length).toBeGreaterThan(0)
    check(steps)
  })

  it('is sent as increments in most of them', () => {
    const steps = RECORDED.flatMap((name) => {
      const text = readFileSync(path.join(FOLDER, name), 'utf8')
      const lines = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
      return [...replaySockets(lines), ...replayHttp(lines)]
    })
    expect(steps.filter(({ found }) => found?.kind === 'incremental').length).toBeGreaterThan(5)
  })
})
