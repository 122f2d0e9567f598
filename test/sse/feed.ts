import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createParser } from 'eventsource-parser'
import { type SseEvent, type SseProblem, SseReader } from '../../src/sse/sse-reader.ts'

export interface Fed {
  readonly events: readonly SseEvent[]
  /** What a reader of the bytes would get. */
  readonly forwarded: Buffer
  readonly problem: SseProblem | undefined
  readonly done: boolean
  readonly ended: boolean
  readonly lingering: boolean
  readonly repair: string | undefined
}

export interface FeedOptions {
  /** From which event on nothing is parsed that need not be; `Infinity`: never. */
  readonly sniffFrom?: number
  readonly maxEventBytes?: number
  /** Whether the bytes end; `false` leaves the stream open. */
  readonly end?: boolean
}

/** Feeds `bytes`, cut at the given offsets, to a new tap. */
export function feed(bytes: Uint8Array, cuts: readonly number[] = [], options: FeedOptions = {}): Fed {
  const { sniffFrom = Infinity, maxEventBytes = 1 << 20, end = true } = options
  const tap = new SseReader(maxEventBytes)
  const events: SseEvent[] = []
  const forwarded: Uint8Array[] = []
  let problem: SseProblem | undefined
  let done = false
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    if (to === from) continue
    if (events.length >= sniffFrom) tap.parseAll = false
    const chunk = bytes.slice(from, to)
    const tapped = tap.push(chunk)
    events.push(...tapped.events)
    forwarded.push(chunk.subarray(0, tapped.bytes))
    problem ??= tapped.problem
    done ||= tapped.done
    from = to
  }
  const last = end ? tap.end() : undefined
  events.push(...(last?.events ?? []))
  if (last?.repair !== undefined) forwarded.push(Buffer.from(last.repair))
  return {
    events,
    forwarded: Buffer.concat(forwarded),
    problem: problem ?? last?.problem,
    done,
    ended: tap.ended,
    lingering: tap.lingering,
    repair: last?.repair,
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const everyByte = (bytes: Uint8Array): number[] => Array.from(bytes, (_, at) => at)
export const summary = ({ events }: Pick<Fed, 'events'>): string[] =>
  events.map((event) => `${event.class} ${event.type} ${event.data}`)

/** The same with one event for each run of deltas, the last: what a tap that need not parse everything may leave out. */
export const condensed = (fed: Pick<Fed, 'events'>): string[] =>
  summary({
    events: fed.events.filter(({ type }, at) => !type.endsWith('.delta') || fed.events[at + 1]?.type !== type),
  })

/**
 * What a parser of event streams makes of the whole text at once, and after which character each message was complete
 * (the LF of a CRLF included). The tap must see the same, whatever the cuts.
 */
export function reference(text: string): Array<{ data: string; event: string | undefined; end: number }> {
  const messages: Array<{ data: string; event: string | undefined; end: number }> = []
  let at = 0
  const parser = createParser({
    onEvent: ({ data, event }) => {
      const end = text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1
      messages.push({ data, event, end })
    },
  })
  for (; at < text.length; at++) parser.feed(text[at] as string)
  return messages
}

const FOLDER = new URL('../../../shared/streams/', import.meta.url)

/** Recorded streams, one JSON event per line: where they lie beside the checkout. */
export const recorded: ReadonlyArray<{ name: string; lines: readonly string[] }> = existsSync(FOLDER)
  ? readdirSync(FOLDER)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => ({
        name,
        lines: readFileSync(new URL(name, FOLDER), 'utf8')
          .split('\n')
          .filter((line) => line !== ''),
      }))
  : []

/** The reason that a skipped test shows. */
export const unlessRecorded = recorded.length === 0 ? ' (skipped: no recorded streams beside the checkout)' : ''
