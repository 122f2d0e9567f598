import type { FetchFunction } from '../../../src/index.ts'

/** A host that agents are written on, in one version: what the matrix needs of it, in words that fit all. */
export interface Host {
  readonly kind: 'openai' | 'ai' | 'agents'
  /** Package and version. */
  readonly name: string
  readonly latest: boolean
  connect(settings: HostSettings): HostClient
  /** The host's own way to say what went wrong, e.g. `RateLimitError 429`. */
  describe(error: unknown): string
  /** The `x-request-id` of the answer behind an error of the host. */
  requestId(error: unknown): string | undefined
  /** Whether this is how it says that the caller has aborted. */
  isAbort(error: unknown): boolean
}

export interface HostSettings {
  readonly baseURL: string
  /** Default: the host's own, which is the global `fetch`. */
  readonly fetch?: FetchFunction | undefined
  /** Default: what the host does if not told. */
  readonly maxRetries?: number | undefined
  /** The host's own bound on a call, in milliseconds. */
  readonly timeoutMs?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The host sends no credential of its own, in the way that it has for that. */
  readonly withoutCredential?: boolean | undefined
  /** What the host hands to each `fetch` beside what it says itself. */
  readonly fetchOptions?: object | undefined
  /** Its own retries of a stream that failed after it had begun, where it has such a thing. */
  readonly streamRetries?: number | undefined
}

export interface HostCall {
  readonly signal?: AbortSignal | undefined
  /** Which script of the server the call is for. */
  readonly call?: string | undefined
}

/** What a stream gives, piece by piece. */
export type Part =
  | { readonly type: 'start' }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool_call'; readonly name: string; readonly input: unknown }
  /** The host takes the answer for a finished one. */
  | { readonly type: 'finish'; readonly id: string | undefined }

export interface HostClient {
  /** One turn of the model. The generator throws what the host throws or reports; leaving it is how callers `break`. */
  stream(call?: HostCall): AsyncGenerator<Part, void>
  /** The same in one piece, not streamed. */
  create(call?: HostCall): Promise<Answer>
  /** One turn after the other, each with all that was said before: nothing is stored. Returns the answers. */
  readonly converse?: (texts: readonly string[]) => Promise<readonly string[]>
  /** Uploads a file as `multipart/form-data`. */
  readonly upload?: (file: Blob) => Promise<unknown>
  /** What only the openai SDK itself can do. */
  readonly sdk?: {
    /** The events of a stream as they come. */
    events(call: HostCall): AsyncGenerator<object>
    /** What its stream helper puts together, `openai.responses.stream(…).finalResponse()`. */
    finalResponse(): Promise<{ readonly id: string; readonly status?: string; readonly output_text: string }>
    download(id: string): Promise<Uint8Array>
    /** A call that is answered by 204. */
    remove(id: string): Promise<unknown>
    /** Asks for a streamed response and drops it unread. */
    unread(): Promise<Response>
    /** Starts a response in the background. */
    startInBackground(): AsyncGenerator<{ readonly sequence_number: number; readonly response?: { id: string } }>
    resume(id: string, after: number): AsyncGenerator<{ readonly sequence_number: number }>
  }
}

export interface Answer {
  readonly id: string | undefined
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: ReadonlyArray<{ readonly name: string; readonly input: unknown }>
  /** Whether the host took it for a finished one. */
  readonly finished: boolean
}

const NO_ANSWER: Answer = { id: undefined, text: '', reasoning: '', toolCalls: [], finished: false }

export function fold(answer: Answer, part: Part): Answer {
  switch (part.type) {
    case 'start':
      return answer
    case 'text':
      return { ...answer, text: answer.text + part.text }
    case 'reasoning':
      return { ...answer, reasoning: answer.reasoning + part.text }
    case 'tool_call':
      return { ...answer, toolCalls: [...answer.toolCalls, { name: part.name, input: part.input }] }
    case 'finish':
      return { ...answer, finished: true, id: part.id }
  }
}

/** Reads a stream to its end, or to its error: what came, and what was thrown. */
export async function read(stream: AsyncIterable<Part>): Promise<{ answer: Answer; error: unknown }> {
  let answer = NO_ANSWER
  try {
    for await (const part of stream) answer = fold(answer, part)
    return { answer, error: undefined }
  } catch (error) {
    return { answer, error }
  }
}

/** The answer of a stream that must not fail. */
export async function answerOf(stream: AsyncIterable<Part>): Promise<Answer> {
  const { answer, error } = await read(stream)
  if (error !== undefined) throw error
  return answer
}
