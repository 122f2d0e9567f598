import type OpenAI from 'openai'
import type { APIError } from 'openai'
import { standIn } from '../../support/typed.ts'
import type { Host, HostCall, HostClient, HostSettings, Part } from './host.ts'

type Sdk = typeof import('openai')

/** The openai SDK, called by hand. Versions are told apart by their modules; their types are the newest's. */
export function openaiHost(sdk: Sdk, version: string, latest: boolean): Host {
  return {
    kind: 'openai',
    name: `openai ${version}`,
    latest,
    connect: (settings) => clientOf(openaiClient(sdk, settings)),
    ...openaiErrors(sdk),
  }
}

export function openaiClient(sdk: Sdk, settings: HostSettings): OpenAI {
  const { baseURL, fetch, maxRetries, timeoutMs, headers, fetchOptions, withoutCredential } = settings
  return new sdk.OpenAI({
    apiKey: 'key',
    baseURL,
    logLevel: 'off',
    ...(fetch && { fetch }),
    ...(maxRetries !== undefined && { maxRetries }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    defaultHeaders: { ...headers, ...(withoutCredential && { authorization: null }) },
    ...(fetchOptions && { fetchOptions }),
  })
}

export function openaiErrors({ APIUserAbortError }: Sdk): Pick<Host, 'describe' | 'requestId' | 'isAbort'> {
  return {
    describe(error) {
      const { status, code } = error as APIError
      return [(error as Error).constructor.name, status, code].filter((part) => part != null && part !== '').join(' ')
    },
    requestId: (error) => (error as APIError).requestID ?? undefined,
    isAbort: (error) => error instanceof APIUserAbortError,
  }
}

const BODY = { model: 'gpt-5.2', input: 'hi' } as const

function clientOf(openai: OpenAI): HostClient {
  const options = ({ signal, call }: HostCall) => ({
    ...(signal && { signal }),
    ...(call !== undefined && { headers: { 'x-mock-call': call } }),
  })
  return {
    async *stream(call = {}) {
      const events = await openai.responses.create({ ...BODY, stream: true }, options(call))
      for await (const event of events) {
        const part = partOf(event)
        if (part !== undefined) yield part
      }
    },
    async create(call = {}) {
      const { id, status, output, output_text } = await openai.responses.create(BODY, options(call))
      const toolCalls = output.flatMap((item) =>
        item.type === 'function_call' ? [{ name: item.name, input: JSON.parse(item.arguments) as unknown }] : [],
      )
      return { id, text: output_text, reasoning: '', toolCalls, finished: status === 'completed' }
    },
    async converse(texts) {
      const answers: string[] = []
      const input: OpenAI.Responses.ResponseInput = []
      for (const content of texts) {
        input.push({ role: 'user', content })
        const events = await openai.responses.create({ ...BODY, input, store: false, stream: true })
        for await (const event of events) {
          if (event.type !== 'response.completed') continue
          input.push(...standIn<OpenAI.Responses.ResponseInput>(event.response.output))
          answers.push(textOf(event.response))
        }
      }
      return answers
    },
    upload: (file) => openai.files.create({ file: new File([file], 'notes.bin'), purpose: 'user_data' }),
    sdk: {
      async *events(call) {
        yield* await openai.responses.create({ ...BODY, stream: true }, options(call))
      },
      finalResponse: () => openai.responses.stream(BODY).finalResponse(),
      download: async (id) => new Uint8Array(await (await openai.files.content(id)).arrayBuffer()),
      remove: (id) => openai.responses.delete(id),
      unread: () => openai.responses.create({ ...BODY, stream: true }).asResponse(),
      async *startInBackground() {
        yield* await openai.responses.create({ ...BODY, stream: true, background: true, store: true })
      },
      async *resume(id, after) {
        yield* await openai.responses.retrieve(id, { stream: true, starting_after: after })
      },
    },
  }
}

function textOf({ output }: OpenAI.Responses.Response): string {
  const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []))
  return parts.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
}

function partOf(event: OpenAI.Responses.ResponseStreamEvent): Part | undefined {
  switch (event.type) {
    case 'response.created':
      return { type: 'start' }
    case 'response.output_text.delta':
      return { type: 'text', text: event.delta }
    case 'response.reasoning_summary_text.delta':
      return { type: 'reasoning', text: event.delta }
    case 'response.output_item.done':
      return event.item.type === 'function_call'
        ? { type: 'tool_call', name: event.item.name, input: JSON.parse(event.item.arguments) as unknown }
        : undefined
    case 'response.completed':
      return { type: 'finish', id: event.response.id }
    default:
      return undefined
  }
}
