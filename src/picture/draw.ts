import { type Activity, answeredAt, type Mark, marksOf, type PicturedAttempt, spansOfCall } from './activity.ts'

/** Pauses up to this length are those of a reconnect. Milliseconds. */
const RECONNECT_MS = 200

export type Style = 'dim' | 'cyan' | 'blue' | 'green' | 'yellow' | 'red' | 'magenta' | 'bold'

/** Colours a text, or returns it as it is. */
export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_style, text) => text

type Sign = Activity | Mark['kind']

interface Look {
  readonly glyph: string
  readonly style: Style
  readonly label: string
}

/** In the order of the legend. */
const LOOKS: Readonly<Record<Sign, Look>> = {
  queue: { glyph: '·', style: 'dim', label: 'queue' },
  connect: { glyph: '╶', style: 'cyan', label: 'connect' },
  wait: { glyph: '░', style: 'dim', label: 'wait' },
  cut: { glyph: '✕', style: 'red', label: 'cut' },
  back_off: { glyph: '╌', style: 'yellow', label: 'back off' },
  hedge: { glyph: '»', style: 'magenta', label: 'hedge' },
  aborted: { glyph: '⊘', style: 'red', label: 'aborted' },
  prelude: { glyph: '▒', style: 'blue', label: 'prelude' },
  output: { glyph: '█', style: 'green', label: 'output' },
}

/** A call, as far as its bar shows it. */
export interface PicturedBar {
  readonly attempts: readonly PicturedAttempt[]
  readonly durationMs: number
  /** How long it waited for a permit, if it did. */
  readonly queuedMs?: number | undefined
}

interface Step {
  readonly sign: Sign
  readonly from: number
  readonly to: number
}

function stepsOf({ attempts, durationMs, queuedMs }: PicturedBar): Step[] {
  const spans: Step[] = spansOfCall(attempts, durationMs, queuedMs).map(({ activity, from, to }) => ({
    sign: activity,
    from,
    to,
  }))
  // An answer that came in one piece has output, although it took no time.
  const at = answeredAt(attempts)
  if (at !== undefined && spans.at(-1)?.sign !== 'output') spans.push({ sign: 'output', from: at, to: at })
  const marks = marksOf(attempts).map(({ kind, at }) => ({ sign: kind, from: at, to: at }))
  return [...spans, ...marks].sort((a, b) => a.to - b.to)
}

const isMark = (sign: Sign): boolean => sign === 'cut' || sign === 'hedge' || sign === 'aborted'

/** Pauses that are too short to matter take a cell only where they are long enough to scale. */
const isOptional = ({ sign, from, to }: Step): boolean =>
  sign === 'wait' || (sign === 'back_off' && to - from <= RECONNECT_MS)

/**
 * Draws a call to scale in at most `width` cells. A span that is too short to be visible gets one cell, taken from the following
 * wait, or, at the end of a full bar, from a longer span before it.
 */
export function drawBar(call: PicturedBar, longestMs: number, width: number, paint: Paint = plain): string {
  const column = (at: number): number => Math.round((at / Math.max(1, longestMs)) * width)
  const cells: Sign[] = []
  for (const step of stepsOf(call)) {
    const { sign, to } = step
    const least = isOptional(step) ? 0 : 1
    if (least > 0 && cells.length === width) makeRoom(cells)
    const wanted = isMark(sign) ? 1 : Math.max(least, column(to) - cells.length)
    for (let n = Math.min(wanted, width - cells.length); n > 0; n--) cells.push(sign)
  }
  return painted(cells, paint) + ' '.repeat(width - cells.length)
}

/** Takes a cell away from the last span that has several; from the last span if none has. */
function makeRoom(cells: Sign[]): void {
  const last = cells.findLastIndex((sign, at) => !isMark(sign) && cells[at - 1] === sign)
  cells.splice(last, 1)
}

/** Neighbours of one kind are painted as one. */
function painted(cells: readonly Sign[], paint: Paint): string {
  let bar = ''
  for (let from = 0; from < cells.length; ) {
    const sign = cells[from] as Sign
    let to = from + 1
    while (cells[to] === sign) to++
    bar += paint(LOOKS[sign].style, LOOKS[sign].glyph.repeat(to - from))
    from = to
  }
  return bar
}

/** Milliseconds between the ticks of a ruler. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 2e4, 3e4, 6e4, 12e4, 3e5, 6e5]
/** Longer steps are whole multiples of it. */
const LONG_STEP = 12e5

/** A ruler with a tick about every twelve columns, at round numbers of seconds, or of milliseconds where they are closer than 0.1 s. */
export function drawRuler(longestMs: number, width: number): string {
  const roughly = longestMs / (width / 12)
  const step = STEPS.find((nice) => nice >= roughly) ?? Math.ceil(roughly / LONG_STEP) * LONG_STEP
  let line = ''
  for (let tick = 0; ; tick++) {
    const ms = tick * step
    // Also ends for a length that is not finite.
    if (!(ms <= longestMs)) return line
    const label = step < 100 ? `│${ms} ms` : `│${ms / 1000} s`
    const column = Math.round((ms / Math.max(1, longestMs)) * width)
    if (column < line.length || column + label.length > width + 8) continue
    line = line.padEnd(column) + label
  }
}

/** What the glyphs of some bars mean, in lines of at most `width` columns. */
export function drawLegend(bars: string, width: number, paint: Paint = plain): string[] {
  const lines: string[] = []
  let columns = 0
  for (const sign of Object.keys(LOOKS) as Sign[]) {
    const { glyph, style, label } = LOOKS[sign]
    if (!bars.includes(glyph)) continue
    const item = `${paint(style, glyph)} ${label}`
    const length = label.length + 2
    if (lines.length === 0 || columns + 2 + length > width) {
      lines.push(item)
      columns = length
    } else {
      lines[lines.length - 1] += `  ${item}`
      columns += 2 + length
    }
  }
  return lines
}

/** Why attempts failed: `a › b › c`, without the last ones if they do not fit. `undefined` where no attempt failed. */
export function drawReasons({ attempts }: PicturedBar, width: number): string | undefined {
  const reasons = marksOf(attempts).flatMap(({ why }) => why ?? [])
  for (let shown = reasons.length; shown > 1; shown--) {
    const hidden = reasons.length - shown
    const text = [...reasons.slice(0, shown), ...(hidden > 0 ? [`${hidden} more`] : [])].join(' › ')
    if (text.length <= width) return text
  }
  return reasons[0]?.slice(0, width)
}

const COLUMNS = 80

/** The attempts of one call as a bar below a ruler, with the reasons of its cuts and a legend. At most 80 columns. */
export function drawCall(attempts: readonly PicturedAttempt[]): string {
  const call = { attempts, durationMs: Math.max(1, ...attempts.map(({ endedAtMs }) => endedAtMs)) }
  const width = COLUMNS - 8
  const bar = drawBar(call, call.durationMs, width).trimEnd()
  const lines = [drawRuler(call.durationMs, width), bar, drawReasons(call, COLUMNS), ...drawLegend(bar, COLUMNS)]
  return lines.filter((line) => line !== undefined).join('\n')
}
