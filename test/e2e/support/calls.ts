import type { FetchFunction } from '../../../src/index.ts'
import type { MockResponsesServer } from '../../../src/testing/server.ts'

/** Runs `task` for 0 to `count - 1`, at most `limit` at a time; the results in order. */
export async function inParallel<T>(count: number, limit: number, task: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      results[index] = await task(index)
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  return results
}

/** A streaming Responses call. `call` tells the server's scripts which call a request belongs to. */
export function post(
  fetch: FetchFunction,
  server: MockResponsesServer,
  { call, body, ...init }: Omit<RequestInit, 'body'> & { call?: string; body?: object } = {},
): Promise<Response> {
  return fetch(`${server.baseURL}/responses`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer sk-test',
      ...(call === undefined ? {} : { 'x-mock-call': call }),
    },
    body: JSON.stringify({ model: 'gpt-5.2', input: 'hi', stream: true, ...body }),
    ...init,
  })
}

export { readAll } from '../../client/harness.ts'

/** What a promise came to, without throwing. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await promise }
  } catch (error) {
    return { error }
  }
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}
