import { createParser } from 'eventsource-parser'
import { Client, type Dispatcher, fetch as undiciFetch } from 'undici'
import { ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { REQUEST } from '../contestants/reading.ts'
import { MESSAGE, opened } from '../contestants/ws-by-hand.ts'
import { MOST_STREAMS } from '../open-files.ts'
import type { Probe } from './contract.ts'
import { inParallel, memoryAfterGc } from './support.ts'

/** Opens one stream, reads its first delta, and waits. Returns what must stay alive. */
export type Open = (base: string) => Promise<unknown>

async function costsPerStream(count: number, base: string, open: Open): Promise<Readonly<Record<string, number>>> {
  // Creates what is independent of the number of streams.
  const held: unknown[] = [await open(base)]
  const before = await memoryAfterGc()
  const cpuBefore = process.cpuUsage()
  await inParallel(count, 50, async () => {
    held.push(await open(base))
  })
  const { user, system } = process.cpuUsage(cpuBefore)
  const after = await memoryAfterGc()
  if (held.length !== count + 1) throw new Error(`${held.length} streams wait instead of ${count + 1}`)
  const kb = (bytes: number): number => bytes / count / 1024
  return {
    heap: kb(after.heapUsed - before.heapUsed),
    rss: kb(after.rss - before.rss),
    cpu: (user + system) / count,
  }
}

function typedOpener(base: string, webSocket: ResilientClientOptions['webSocket'] = false): Open {
  const client = new ResilientClient({ baseURL: `${base}/hold/v1`, apiKey: 'sk-bench', webSocket })
  return async () => {
    const events = client.responses.stream({ model: 'bench', input: 'hi' })[Symbol.asyncIterator]()
    for (;;) {
      const { done, value } = await events.next()
      if (done) throw new Error('the stream ended before its first delta')
      if (value.type === 'response.output_text.delta') return [events, events.next()]
    }
  }
}

async function firstRead(response: { readonly body: unknown }): Promise<unknown> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const { done } = await reader.read()
  if (done) throw new Error('the body ended before its first bytes')
  return [response, reader, reader.read()]
}

/** The clients whose waiting streams are measured. */
export const WAITING = ['typed', 'drop_in', 'undici_fetch', 'dispatch', 'typed_socket', 'ws'] as const
export type WaitingName = (typeof WAITING)[number]

const OPENERS: Readonly<Record<WaitingName, (base: string) => Open>> = {
  typed: (base) => typedOpener(base),
  typed_socket: (base) => typedOpener(base, { maxSockets: MOST_STREAMS }),
  ws: () => async (base) => {
    const socket = await opened(`${base}/hold/v1`)
    return new Promise((resolve) => {
      const onMessage = (data: Buffer): void => {
        if (JSON.parse(data.toString()).type === 'response.output_text.delta') resolve([socket, onMessage])
      }
      socket.on('message', onMessage)
      socket.send(MESSAGE)
    })
  },
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

export function openerOf(name: WaitingName, base: string): Open {
  return OPENERS[name](base)
}

/** Those that wait on WebSockets, at another address. */
export const ON_SOCKETS: ReadonlySet<WaitingName> = new Set(['typed_socket', 'ws'])

export const waiting: Probe = (variant, { plain, sockets, mostStreams, quick }) => {
  const name = variant as WaitingName
  const base = ON_SOCKETS.has(name) ? sockets : plain
  return costsPerStream(Math.min(quick ? 500 : 2000, mostStreams), base, openerOf(name, base))
}

export const crowd: Probe = (variant, { plain, mostStreams }) => {
  const [count, byHand] = variant.split('_by_')
  return costsPerStream(
    Math.min(Number(count), mostStreams),
    plain,
    byHand === undefined ? typedOpener(plain) : openerOf('dispatch', plain),
  )
}
