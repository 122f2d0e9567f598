import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import {
  FakeTransport,
  fake,
  incompleteStream,
  reasoningStream,
  seededRandom,
  textStream,
  toolCallStream,
  toSSE,
} from '../../src/testing/index.ts'
import { sentJson } from '../support/typed.ts'
import { collect } from './harness.ts'

type Event = { readonly type: string; readonly response?: unknown }

const SMALL_BYTES = 12 * 1024
const OFFSETS_OF_LARGE = 2000
/** Of a run that is not to take minutes: a seeded part of the offsets. */
const QUICK_OFFSETS = 60

/** A file may hold several streams, one after the other; each ends with its terminal event. */
function recordedStreams(): Array<[string, Event[]]> {
  const folder = path.resolve(import.meta.dirname, '../../../shared/streams')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => {
      const streams: Event[][] = [[]]
      for (const line of readFileSync(path.join(folder, name), 'utf8').split('\n')) {
        if (line.trim() === '') continue
        const event = JSON.parse(line) as Event
        streams.at(-1)?.push(event)
        if (/^response\.(completed|failed|incomplete)$/.test(event.type)) streams.push([])
      }
      return streams
        .filter((events) => events.length > 0)
        .map((events, index): [string, Event[]] => [`${name} (${index + 1})`, events])
    })
}

const recorded = recordedStreams()
const generated: Array<[string, Event[]]> = [
  ['text', textStream({ text: 'Grüße, 世界 🌍\u2028 and \u0000 so on' })],
  ['reasoning', reasoningStream()],
  ['tool call', toolCallStream()],
  ['incomplete', incompleteStream()],
]

function offsetsOf(bytes: Uint8Array, seed: number): number[] {
  const random = seededRandom(seed)
  const some = (count: number): number[] =>
    Array.from({ length: count }, () => 1 + Math.floor(random() * (bytes.length - 1)))
  if (!inject('full')) return some(QUICK_OFFSETS)
  if (bytes.length <= SMALL_BYTES) return Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)
  const borders: number[] = []
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1))
    if (bytes[at + 1] === 10) borders.push(at, at + 1, at + 2)
  return [...borders.filter((at) => at < bytes.length), ...some(OFFSETS_OF_LARGE)]
}

describe('fault 49: however the bytes are cut, the events and the final response are the same', () => {
  it.skipIf(recorded.length > 0)(
    'recorded streams are tested where ../shared/streams lies beside the project',
    () => {},
  )

  for (const [index, [name, events]] of [...generated, ...recorded].entries()) {
    const bytes = Buffer.from(toSSE(sentJson(events)))
    const failed = events.at(-1)?.type === 'response.failed'

    async function check(chunks: Uint8Array[]): Promise<void> {
      const client = new ResilientClient({
        baseURL: 'https://api.test/v1',
        transport: new FakeTransport(() => chunks.flatMap((chunk) => fake.bytes(chunk))),
        // A failing stream comes out as it is only once nothing is retried.
        maxRetries: 0,
        commit: 'first_event',
      })
      const stream = client.responses.stream({ input: 'hi' })
      const seen = await collect(stream)
      expect(seen.events).toEqual(events)
      if (failed) expect(seen.error).toMatchObject({ code: 'response_failed' })
      else expect(await stream.finalResponse()).toEqual(events.at(-1)?.response)
    }

    it(`${name}: cut into two`, { timeout: 600_000 }, async () => {
      for (const at of offsetsOf(bytes, index)) await check([bytes.subarray(0, at), bytes.subarray(at)])
    })

    it.skipIf(bytes.length > SMALL_BYTES && !inject('full'))(
      `${name}: byte by byte`,
      { timeout: 600_000 },
      async () => {
        await check(Array.from(bytes, (byte) => Uint8Array.of(byte)))
      },
    )
  }
})
