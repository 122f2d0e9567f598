import { createParser } from 'eventsource-parser'
import { Client, type Dispatcher, fetch as undiciFetch } from 'undici'
import { ResilientClient } from '../../src/index.ts'
import { REQUEST } from '../contestants/reading.ts'
import type { Probe } from './contract.ts'
import { heapAfterGc, inParallel } from './support.ts'

/** Opens one stream, reads its first delta, and waits for more. Whatever must stay alive is returned. */
type Open = (base: string) => Promise<unknown>

export async function heapPerStream(count: number, base: string, open: Open): Promise<number> {
  // What is made once, whatever the number of streams.
  const held: unknown[] = [await open(base)]
  const before = await heapAfterGc()
  await inParallel(count, 50, async () => {
    held.push(await open(base))
  })
  const after = await heapAfterGc()
  return held.length > 0 ? (after - before) / count / 1024 : 0
}

export function typedOpener(base: string): Open {
  const client = new ResilientClient({ baseURL: `${base}/hold/v1`, apiKey: 'sk-bench' })
  return async () => {
    const events = client.responses.stream({ model: 'bench', input: 'hi' })[Symbol.asyncIterator]()
    for (;;) if ((await events.next()).value?.type === 'response.output_text.delta') break
    return [events, events.next()]
  }
}

async function firstRead(response: { readonly body: unknown }): Promise<unknown> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  return [response, reader, reader.read()]
}

const OPENERS: Readonly<Record<string, (base: string) => Open>> = {
  typed: typedOpener,
  drop_in: () => {
    const { fetch } = new ResilientClient()
    return async (base) => firstRead(await fetch(`${base}/hold/v1/responses`, REQUEST))
  },
  undici_fetch: () => async (base) => firstRead(await undiciFetch(`${base}/hold/v1/responses`, REQUEST)),
  dispatch: () => (base) =>
    new Promise((resolve, reject) => {
      const client = new Client(base, { allowH2: false })
      const decoder = new TextDecoder()
      const parser = createParser({
        onEvent: ({ data }) => JSON.parse(data).type === 'response.output_text.delta' && resolve([client, handler]),
      })
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_controller, chunk) => parser.feed(decoder.decode(chunk, { stream: true })),
        onResponseEnd() {},
        onResponseError: (_controller, error) => reject(error),
      }
      const { method, headers, body } = REQUEST
      client.dispatch({ origin: base, path: '/hold/v1/responses', method, headers, body }, handler)
    }),
}

export const waiting: Probe = (variant, { plain, quick }) => {
  const opener = OPENERS[variant] as (base: string) => Open
  return heapPerStream(quick ? 500 : 2000, plain, opener(plain))
}

export const crowd: Probe = (count, { plain }) => heapPerStream(Number(count), plain, typedOpener(plain))
