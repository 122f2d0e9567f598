import OpenAI from 'openai'
import { expect } from 'vitest'
import {
  ResilientClient,
  type ResilientClientOptions,
  type ResponseCreateParams,
  type ResponseStreamEvent,
} from '../../../src/index.ts'

/** What a face made of an answer: a result, or what it threw. */
export interface Played<T> {
  readonly result: T | undefined
  readonly error: unknown
}

export const ASKED = { model: 'gpt-5', input: 'Hello' } as const

/** Short waits, so that a report whose call is retried is played in no time; everything else as users have it. */
export const QUICK: ResilientClientOptions = { retry: { baseDelayMs: 1, maxDelayMs: 2 } }

/** Runs `use` with a client on defaults, and checks that nothing of it is left. */
export async function withClient<T>(
  options: ResilientClientOptions,
  use: (client: ResilientClient) => Promise<T>,
): Promise<T> {
  const client = new ResilientClient({ apiKey: 'sk-field', ...QUICK, ...options })
  try {
    return await use(client)
  } finally {
    await client.destroy()
    expect(client.stats().activeCalls, 'calls left under way').toBe(0)
  }
}

async function settle<T>(act: () => Promise<T>): Promise<Played<T>> {
  try {
    return { result: await act(), error: undefined }
  } catch (error) {
    return { result: undefined, error }
  }
}

/** The typed face, event by event. */
export function playStream(
  options: ResilientClientOptions,
  params: Partial<ResponseCreateParams> = {},
): Promise<
  Played<Awaited<ReturnType<ReturnType<ResilientClient['responses']['stream']>['finalResponse']>>> & {
    readonly events: readonly ResponseStreamEvent[]
  }
> {
  return withClient(options, async (client) => {
    const events: ResponseStreamEvent[] = []
    const stream = client.responses.stream({ ...ASKED, ...params })
    const played = await settle(async () => {
      for await (const event of stream) events.push(event)
      return stream.finalResponse()
    })
    return { ...played, events }
  })
}

/** The typed face, one result. */
export function playCreate(options: ResilientClientOptions, params: Partial<ResponseCreateParams> = {}) {
  return withClient(options, (client) => settle(() => client.responses.create({ ...ASKED, ...params })))
}

export interface FetchedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** The drop-in fetch: a POST to `…/responses`, the body read as text. */
export function playFetch(
  options: ResilientClientOptions & { readonly baseURL: string },
  body: object = { ...ASKED, stream: true },
  init: RequestInit = {},
): Promise<Played<FetchedAnswer>> {
  return withClient(options, (client) =>
    settle(async () => {
      const response = await client.fetch(`${options.baseURL}/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...init,
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    }),
  )
}

/** The `openai` SDK on our fetch, set up as the README says: no retries of its own. */
export function playOpenAI<T>(
  options: ResilientClientOptions & { readonly baseURL: string },
  use: (openai: OpenAI) => Promise<T>,
): Promise<Played<T>> {
  return withClient(options, (client) =>
    settle(() => use(new OpenAI({ apiKey: 'sk-field', baseURL: options.baseURL, fetch: client.fetch, maxRetries: 0 }))),
  )
}
