import type { Caller, Outcome } from '../caller.ts'
import { isForeign } from '../draw-attempts.ts'
import { type Frame, wholeResponse } from '../frames.ts'
import { type Served, wasHeard } from '../served.ts'
import type { Say } from './violations.ts'

const COMMENT = ': keep\n\n'
const SSE_ERROR = /(?:^|\n\n)event: error\ndata: [^\n]*\n\n$/

function isError(text: string): boolean {
  return text.startsWith('{"error":')
}

/** The body that the drop-in has handed over. */
export function checkBody(
  caller: Caller,
  { status, text, error }: Extract<Outcome, { kind: 'body' }>,
  requests: readonly Served[],
  say: Say,
): void {
  const { plan, options } = caller
  if (!isForeign(plan.face)) checkMixed(text, requests, say)
  if (status !== 200) {
    if (text.includes('websocket_') && options.holdsAnswers)
      say('age_loses_no_call', `status ${status}, because the time of a socket was over`)
    const said = requests.some((served) => served.answered?.status === status)
    // An error as JSON with 200, which a host would take for a success.
    const isHidden = requests.some((served) => served.answered?.status === 200 && !served.streams) && isError(text)
    if (!said && !isHidden && !options.upgrades) say('result_as_sent', `status ${status}, which no endpoint answered`)
    return
  }
  if (plan.face !== 'fetch_stream') {
    if (error === undefined && options.upgrades) checkFolded(text, requests, say)
    return
  }
  const sent = requests.map((served) => ({ served, wire: wireOf(served) })).filter(({ wire }) => wire !== '')
  const exact = sent.find(({ wire }) => wire === text)
  if (error === undefined && exact !== undefined && wasHeard(exact.served)) return
  // An `error` event says how it ended, whether the rest comes in time or not.
  if (error === undefined && requests.some((served) => endsWithTerminal(served, text))) return
  const plainText = text.replaceAll(COMMENT, '')
  const shown =
    options.sseError && error === undefined
      ? plainText.replace(SSE_ERROR, (frame) => (frame.startsWith('\n') ? '\n\n' : ''))
      : plainText
  const partial = sent.some(({ wire }) => wire.startsWith(shown) || `${wire}\n\n`.startsWith(shown))
  const plain = requests.some((served) => served.answered !== undefined && served.stream === undefined)
  if (!partial && !(plain && (error === undefined || plan.abortAt !== undefined))) {
    say('attempts_mixed', `a body that no attempt was sent: ${text.slice(-200)}`)
    return
  }
  // A stream that was cut off must not look like one that ended.
  if (error === undefined && !plain && !(options.sseError && SSE_ERROR.test(text)))
    say('success_as_sent', `the body ends after ${text.length} bytes as if it were complete`)
}

/** What a client was sent of a stream, as bytes. */
function wireOf({ stream, onSocket }: Served): string {
  return stream === undefined ? '' : stream.frames.map((frame) => wireOfFrame(frame, onSocket)).join('')
}

function wireOfFrame({ wire, json }: Frame, onSocket: boolean): string {
  return onSocket ? `data: ${json}\n\n` : wire
}

/** Every id and every piece of text names its response. */
function checkMixed(text: string, requests: readonly Served[], say: Say): void {
  const tags = new Set(text.match(/c\d+r\d+/g))
  for (const { stream } of requests) if (stream !== undefined) tags.delete(stream.tag)
  const [other] = tags
  if (other !== undefined) say('responses_mixed', `a body with something of ${other}, which answers another request`)
}

function endsWithTerminal({ stream, onSocket }: Served, text: string): boolean {
  const at = stream?.frames.findIndex((frame) => frame.class === 'terminal') ?? -1
  if (stream === undefined || at < 0) return false
  const wires = stream.frames.map((frame) => wireOfFrame(frame, onSocket))
  return text.startsWith(wires.slice(0, at + 1).join('')) && wires.join('').startsWith(text)
}

function checkFolded(text: string, requests: readonly Served[], say: Say): void {
  const matches = requests.some(
    (served) => served.stream !== undefined && wasHeard(served) && wholeResponse(served.stream) === text,
  )
  if (matches || text.includes('"error"')) return
  if (requests.some((served) => served.answered !== undefined && served.stream === undefined)) return
  say('result_as_sent', `a folded body that no stream amounts to: ${text.slice(0, 200)}`)
}
