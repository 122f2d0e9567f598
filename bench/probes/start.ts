import { registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createParser } from 'eventsource-parser'
import { DEPENDENCIES, importTime, PACKAGE } from '../../scripts/import-time.ts'
import { REQUEST } from '../contestants/reading.ts'
import type { Probe } from './contract.ts'
import { memoryAfterGc } from './support.ts'

type Package = typeof import('../../src/index.ts')

const PATH = '/event/15/v1'

/** Makes a client and a call. Returns when its first event came. */
type FirstCall = (base: string) => Promise<number>

/** Each imports what it needs. That time is measured separately. */
const FIRST_CALLS: Readonly<Record<string, () => Promise<FirstCall>>> = {
  typed: async () => {
    const { ResilientClient } = await importOurs()
    return async (base) => {
      const client = new ResilientClient({ baseURL: `${base}${PATH}`, apiKey: 'sk-bench' })
      return firstOf(client.responses.stream({ model: 'bench', input: 'hi' }))
    }
  },
  drop_in: async () => {
    const { ResilientClient } = await importOurs()
    return async (base) => firstEvent(await new ResilientClient().fetch(`${base}${PATH}/responses`, REQUEST))
  },
  dispatch: async () => {
    const { dispatching } = await import('../contestants/dispatch.ts')
    return (base) =>
      new Promise((resolve, reject) => {
        const feed = firstEventIn(resolve)
        dispatching()(`${base}${PATH}`, feed).then(() => reject(new Error('no event came')), reject)
      })
  },
  undici_fetch: async () => {
    const { fetch } = await import('undici')
    return async (base) => firstEvent((await fetch(`${base}${PATH}/responses`, REQUEST)) as unknown as Response)
  },
  global_fetch: async () => async (base) => firstEvent(await fetch(`${base}${PATH}/responses`, REQUEST)),
  openai: async () => {
    const { default: OpenAI } = await import('openai')
    return async (base) => {
      const sdk = new OpenAI({ apiKey: 'sk-bench', baseURL: `${base}${PATH}`, maxRetries: 0 })
      return firstOf(await sdk.responses.create({ model: 'bench', input: 'hi', stream: true }))
    }
  },
}

/** Also imports what the first call would load. */
async function importOurs() {
  const { loadClient } = await import('../../src/transport/undici/undici-parts.ts')
  const { lazyReading } = await import('../../src/responses/lazy-reading.ts')
  const { lazyPerformFetch } = await import('../../src/client/lazy-perform-fetch.ts')
  await Promise.all([loadClient(), lazyReading.load(), lazyPerformFetch.load()])
  return import('../../src/index.ts')
}

async function firstOf(events: AsyncIterable<unknown>): Promise<number> {
  for await (const _event of events) return performance.now()
  throw new Error('no event came')
}

/** Takes the bytes of an answer, and reports when the first event was parsed. */
function firstEventIn(onFirst: (at: number) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  const parser = createParser({
    onEvent({ data }) {
      if (JSON.parse(data).type !== undefined) onFirst(performance.now())
    },
  })
  return (chunk) => parser.feed(decoder.decode(chunk, { stream: true }))
}

async function firstEvent(response: Response): Promise<number> {
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  let first: number | undefined
  const feed = firstEventIn((at) => {
    first ??= at
  })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) throw new Error('no event came')
    feed(value)
    if (first !== undefined) return first
  }
}

export const firstCall: Probe = async (variant, { plain }) => {
  const call = await (FIRST_CALLS[variant] as () => Promise<FirstCall>)()
  const before = performance.now()
  return (await call(plain)) - before
}

export const importedIn: Probe = (variant, { built }) =>
  importTime(built, variant === 'package' ? [PACKAGE] : DEPENDENCIES)

/** The heap and the files of `ws` after the first call of a client with `webSocket` and of one without. */
export const webSocketUnused: Probe = async (variant, { plain, sockets, built }) => {
  let wsFiles = 0
  registerHooks({
    load(url, context, nextLoad) {
      if (/\/node_modules\/ws\//.test(url)) wsFiles++
      return nextLoad(url, context)
    },
  })
  const { ResilientClient } = (await import(pathToFileURL(path.join(built, 'dist/index.js')).href)) as Package
  const before = await memoryAfterGc()
  const webSocket = variant === 'with'
  const client = new ResilientClient({
    baseURL: `${webSocket ? sockets : plain}${PATH}`,
    apiKey: 'sk-bench',
    webSocket,
  })
  await client.responses.stream({ model: 'bench', input: 'hi' }).finalResponse()
  const after = await memoryAfterGc()
  return { heap: (after.heapUsed - before.heapUsed) / 1024, files: wsFiles }
}
