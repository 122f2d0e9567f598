import type { AgentInputItem } from '@openai/agents'
import * as openai from 'openai'
import { standIn } from '../../support/typed.ts'
import type { Answer, Host, HostCall, HostClient, HostSettings, Part } from './host.ts'
import { openaiClient, openaiErrors } from './openai.ts'

type Agents = typeof import('@openai/agents')
export type RetrySettings = NonNullable<import('@openai/agents').ModelSettings['retry']>

/** agents-js with its HTTP model: an agent, run for one turn. */
export function agentsHost(agents: Agents, version: string): Host {
  const { describe, requestId, isAbort } = openaiErrors(openai)
  return {
    kind: 'agents',
    name: `@openai/agents ${version}`,
    latest: true,
    connect: (settings) => agentsClient(agents, settings),
    describe,
    requestId,
    isAbort: (error) => isAbort(error) || (error as Error | undefined)?.name === 'AbortError',
  }
}

export function agentsClient(agents: Agents, settings: HostSettings, retry?: RetrySettings): HostClient {
  const { Agent, OpenAIProvider, Runner, tool } = agents
  const { timeoutMs, ...others } = settings
  const modelProvider = new OpenAIProvider({ openAIClient: openaiClient(openai, others), useResponses: true })
  const setUp = ({ call }: HostCall) => {
    const toolCalls: Array<{ name: string; input: unknown }> = []
    const weather = tool({
      name: 'get_weather',
      description: 'The weather of a city.',
      strict: false,
      parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
      execute: (input) => {
        toolCalls.push({ name: 'get_weather', input })
        return 'Rain.'
      },
    })
    const agent = new Agent({
      name: 'Tester',
      model: 'gpt-5.2',
      tools: [weather],
      toolUseBehavior: 'stop_on_first_tool',
      modelSettings: {
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(retry && { retry }),
        ...(call !== undefined && { providerData: { extra_headers: { 'x-mock-call': call } } }),
      },
    })
    return { agent, toolCalls, runner: new Runner({ modelProvider, tracingDisabled: true }) }
  }
  return {
    async *stream(call = {}) {
      const { agent, runner, toolCalls } = setUp(call)
      const result = await runner.run(agent, 'hi', { stream: true, ...(call.signal && { signal: call.signal }) })
      for await (const event of result) {
        if (event.type !== 'raw_model_stream_event') continue
        const part = partOf(standIn<ModelEvent>(event.data))
        if (part !== undefined) yield part
      }
      await result.completed
      for (const { name, input } of toolCalls) yield { type: 'tool_call', name, input }
      if (!result.cancelled && result.finalOutput !== undefined) yield { type: 'finish', id: result.lastResponseId }
    },
    async create(call = {}): Promise<Answer> {
      const { agent, runner, toolCalls } = setUp(call)
      const result = await runner.run(agent, 'hi', call.signal ? { signal: call.signal } : {})
      return {
        id: result.lastResponseId,
        text: toolCalls.length > 0 ? '' : String(result.finalOutput),
        reasoning: '',
        toolCalls,
        finished: result.finalOutput !== undefined,
      }
    },
    async converse(texts) {
      const agent = new Agent({ name: 'Tester', model: 'gpt-5.2', modelSettings: { store: false } })
      const runner = new Runner({ modelProvider, tracingDisabled: true })
      const answers: string[] = []
      let history: AgentInputItem[] = []
      for (const content of texts) {
        const result = await runner.run(agent, [...history, { role: 'user', content }], { stream: true })
        await result.completed
        answers.push(String(result.finalOutput))
        history = result.history
      }
      return answers
    },
  }
}

interface ModelEvent {
  readonly type: string
  readonly delta?: string
  readonly event?: { readonly type: string; readonly delta?: string }
}

function partOf({ type, delta, event }: ModelEvent): Part | undefined {
  if (type === 'response_started') return { type: 'start' }
  if (type === 'output_text_delta') return { type: 'text', text: delta ?? '' }
  if (type === 'model' && event?.type === 'response.reasoning_summary_text.delta')
    return { type: 'reasoning', text: event.delta ?? '' }
  return undefined
}
