import type { Stream } from './frames.ts'
import type { Network } from './network/network.ts'
import type { Wire } from './network/wire.ts'
import { EVENT_STREAM, LATER_CODES, REFUSING_CODES } from './plain-answers.ts'
import type { AnswerFacts, Served } from './served.ts'

/** Sends a stream from its frame `from` on, each frame when it is ready, with whatever is planned to go wrong. */
export function play(
  network: Network,
  served: Served,
  wire: Wire,
  stream: Stream,
  times: readonly number[],
  from: number,
): void {
  served.streams = true
  const { plan } = served
  const { fault, perRead } = plan
  const untilClose = plan.framing === 'until_close'
  const headAt = network.now + plan.headMs
  const headers = ['content-type', EVENT_STREAM, 'x-request-id', `req_${served.call}_${served.nth}`]
  wire.send(headAt, { kind: 'head', status: 200, headers, untilClose })
  // A fault counts the frames of this answer, and comes where the stream would end if it is shorter.
  const until = fault === undefined ? stream.frames.length : Math.min(stream.frames.length, from + fault.after)
  let at = headAt
  let reads = 0
  for (let first = from; first < until; ) {
    const count = Math.min(Math.max(1, perRead), until - first)
    const last = first + count - 1
    at = Math.max(at, times[last] ?? at)
    const wires = stream.frames.slice(first, last + 1).map((frame) => frame.wire)
    if (perRead === 0) {
      // Cut within the frame: half of it comes a little earlier.
      const bytes = Buffer.from(wires[0] ?? '')
      const cut = 1 + ((reads * 37 + served.nth * 11) % Math.max(1, bytes.length - 1))
      wire.send(at, { kind: 'data', chunks: [bytes.subarray(0, cut)], frames: 0 })
      at += 1
      wire.send(at, { kind: 'data', chunks: [bytes.subarray(cut)], frames: 1 })
    } else {
      wire.send(at, { kind: 'data', chunks: wires.map((each) => Buffer.from(each)), frames: count })
    }
    reads++
    first += count
  }
  // What goes wrong behind the last word changes nothing of it.
  if (until === stream.frames.length) sayHowItEnded(served, stream, from)
  if (fault !== undefined) {
    breakOff(network, wire, stream.frames[until]?.wire, at + fault.afterMs, fault.how)
    return
  }
  finish(served, wire, at, untilClose)
}

function finish({ plan }: Served, wire: Wire, at: number, untilClose: boolean): void {
  if (plan.then === 'lingers') return
  if (untilClose) {
    wire.send(at, { kind: 'fin' })
    return
  }
  wire.send(plan.then === 'closes_soon' ? at + 50 : at, {
    kind: 'end',
    closes: plan.then === 'closes' || plan.then === 'closes_soon',
  })
  // Closed by its peer while it is idle, or just when the next request goes out.
  if (plan.then === 'fin_idle') wire.send(at + 20, { kind: 'fin' })
}

type Fault = NonNullable<Served['plan']['fault']>['how']

/** @param next the frame that would have come. */
function breakOff(network: Network, wire: Wire, next: string | undefined, at: number, how: Fault): void {
  const part = Buffer.from(next ?? 'data: {"type":"response.x')
  switch (how) {
    case 'reset':
      wire.send(at, { kind: 'act', act: () => wire.reset() })
      return
    case 'fin':
      wire.send(at, { kind: 'fin' })
      return
    case 'end':
      wire.send(at, { kind: 'end', closes: false })
      return
    case 'stall':
      return
    case 'bad_chunk':
      wire.send(at, { kind: 'bad_chunk' })
      return
    case 'garbage':
      wire.send(at, {
        kind: 'data',
        chunks: [Buffer.from('data: {"type":"response.output_text.delta",oops\n\n')],
        frames: 0,
      })
      wire.send(at, { kind: 'end', closes: false })
      return
    case 'truncated':
      wire.send(at, { kind: 'data', chunks: [part.subarray(0, part.length >> 1)], frames: 0 })
      wire.send(at, { kind: 'end', closes: false })
      return
    case 'comments':
      sendComments(network, wire, at, 0)
  }
}

const COMMENT_EVERY_MS = 700
const MAX_COMMENTS = 200

/** A proxy that keeps the line alive while nothing comes. Not for ever: the world has to end. */
function sendComments(network: Network, wire: Wire, at: number, sent: number): void {
  if (sent >= MAX_COMMENTS) return
  wire.send(at, { kind: 'data', chunks: [Buffer.from(': keep\n\n')], frames: 0 })
  wire.send(at, { kind: 'act', act: () => sendComments(network, wire, network.now + COMMENT_EVERY_MS, sent + 1) })
}

/** What the last frames mean, once they have been read. */
function sayHowItEnded(served: Served, stream: Stream, from: number): void {
  if (from < stream.frames.length) served.answered = factsOfEnd(stream)
}

export function factsOfEnd({ end }: Stream): AnswerFacts {
  const failed = end.how === 'failed' ? end : undefined
  const later = failed !== undefined && LATER_CODES.has(failed.code)
  return {
    status: 200,
    means: failed === undefined ? 'ok' : later ? 'later' : 'final',
    refused: failed !== undefined && REFUSING_CODES.has(failed.code),
    code: failed?.code,
    hintMs: failed?.code === 'rate_limit_exceeded' ? failed.hintMs : undefined,
  }
}
