import type { ModelMessage, ToolSet } from 'ai'
import { invalid, standIn } from '../../support/typed.ts'
import type { Answer, Host, HostCall, HostClient, HostSettings, Part } from './host.ts'

/** The AI SDK with its provider for OpenAI. */
export interface AiModules {
  readonly ai: typeof import('ai')
  readonly provider: typeof import('@ai-sdk/openai')
}

interface ErrorLike {
  readonly name?: string
  readonly statusCode?: number
  readonly error?: { readonly code?: string }
}

/** How a stream of the AI SDK says that the caller has aborted: by a part, not by an error. */
class AbortPart extends Error {
  override readonly name = 'abort part'
}

export function aiHost(modules: AiModules, version: string, latest: boolean): Host {
  const { APICallError } = modules.ai
  return {
    kind: 'ai',
    name: `ai ${version}`,
    latest,
    connect: (settings) => clientOf(modules, settings),
    describe(error) {
      const { name, statusCode, error: event } = error as ErrorLike
      // Old versions pass on an error event of the stream as it came.
      const known = name?.replace(/^AI_/, '') ?? 'error event'
      return [known, statusCode, event?.code].filter((part) => part !== undefined).join(' ')
    },
    requestId: (error) => (APICallError.isInstance(error) ? error.responseHeaders?.['x-request-id'] : undefined),
    isAbort: (error) => error instanceof AbortPart || (error as Error | undefined)?.name === 'AbortError',
  }
}

function clientOf({ ai, provider: { createOpenAI } }: AiModules, settings: HostSettings): HostClient {
  const { baseURL, fetch, maxRetries, timeoutMs, headers, fetchOptions, streamRetries, withoutCredential } = settings
  // The AI SDK has no `fetchOptions`: callers wrap their `fetch`.
  const ownFetch = fetch ?? globalThis.fetch
  const provider = createOpenAI({
    apiKey: 'key',
    baseURL,
    headers: { ...headers, ...(withoutCredential && { Authorization: invalid<string>(undefined) }) },
    ...(fetchOptions ? { fetch: (input, init) => ownFetch(input, { ...init, ...fetchOptions }) } : fetch && { fetch }),
  })
  const tools = standIn<ToolSet>({ get_weather: { inputSchema: ai.jsonSchema<unknown>({ type: 'object' }) } })
  const request = ({ signal, call }: HostCall) => ({
    model: provider.responses('gpt-5.2'),
    prompt: 'hi',
    tools,
    ...(signal && { abortSignal: signal }),
    ...(call !== undefined && { headers: { 'x-mock-call': call } }),
    ...(maxRetries !== undefined && { maxRetries }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  })
  return {
    async *stream(call = {}) {
      const result = ai.streamText({
        ...request(call),
        onError: () => {},
        ...(streamRetries !== undefined && { streamRetries }),
      })
      let id: string | undefined
      for await (const part of result.fullStream) {
        if (part.type === 'error') throw part.error
        if (part.type === 'abort') throw new AbortPart(part.reason)
        if (part.type === 'finish-step') id = part.response.id
        const known = partOf(part, id)
        if (known !== undefined) yield known
      }
    },
    async create(call = {}): Promise<Answer> {
      const { text, reasoningText, toolCalls, response, finishReason } = await ai.generateText(request(call))
      return {
        id: response.id,
        text,
        reasoning: reasoningText ?? '',
        toolCalls: toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
        finished: finishReason === 'stop' || finishReason === 'tool-calls',
      }
    },
    async converse(texts) {
      const answers: string[] = []
      const messages: ModelMessage[] = []
      for (const content of texts) {
        messages.push({ role: 'user', content })
        const { prompt: _, ...settings } = request({})
        const providerOptions = { openai: { store: false } }
        const result = ai.streamText({ ...settings, messages, providerOptions })
        answers.push(await result.text)
        messages.push(...(await result.response).messages)
      }
      return answers
    },
    upload: async (file) =>
      ai.uploadFile({
        api: provider.files(),
        data: new Uint8Array(await file.arrayBuffer()),
        mediaType: 'application/octet-stream',
        filename: 'notes.bin',
      }),
  }
}

type StreamPart = { readonly type: string } & Record<string, unknown>

function partOf(part: StreamPart, id: string | undefined): Part | undefined {
  switch (part.type) {
    case 'start-step':
      return { type: 'start' }
    case 'text-delta':
      return { type: 'text', text: String(part.text) }
    case 'reasoning-delta':
      return { type: 'reasoning', text: String(part.text) }
    case 'tool-call':
      return { type: 'tool_call', name: String(part.toolName), input: part.input }
    case 'finish':
      // A stream without an end of its own finishes with reason `other`.
      return part.finishReason === 'stop' || part.finishReason === 'tool-calls' ? { type: 'finish', id } : undefined
    default:
      return undefined
  }
}
