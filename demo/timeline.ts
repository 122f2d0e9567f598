import type { CallResult } from './contestant.ts'
import { padEnd, padStart, seconds, type Terminal } from './terminal.ts'
import type { Activity, Trace } from './trace.ts'

/** Pauses up to this length are those of a reconnect. */
const RECONNECT_MS = 200

type Mark = Activity | 'cut' | 'hedge'

const MARKS: Readonly<
  Record<Mark, { readonly glyph: string; readonly style: Parameters<Terminal['paint']>[0]; readonly label: string }>
> = {
  connect: { glyph: '╶', style: 'cyan', label: 'connect' },
  wait: { glyph: '░', style: 'dim', label: 'wait' },
  cut: { glyph: '✕', style: ['red', 'bold'], label: 'cut' },
  back_off: { glyph: '╌', style: 'yellow', label: 'back off' },
  hedge: { glyph: '»', style: ['magenta', 'bold'], label: 'hedge' },
  stream: { glyph: '█', style: 'green', label: 'stream' },
}

/** One call in the timeline, with a row for each lane. */
export interface TimelineCall {
  readonly title: string
  /** Shown beside the title. */
  readonly note: string
  readonly rows: ReadonlyArray<{ readonly name: string; readonly result: CallResult }>
}

/** Rows on one scale, so that their lengths can be compared, each followed by the reasons of its cuts. */
export function drawTimeline(terminal: Terminal, calls: readonly TimelineCall[]): string[] {
  const rows = calls.flatMap((call) => call.rows)
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const barWidth = terminal.width - nameWidth - 24
  const longest = Math.max(1, ...rows.map(({ result }) => result.trace.durationMs))
  const indent = nameWidth + 4
  return [
    `${' '.repeat(indent)}${scale(terminal, longest, barWidth)}`,
    ...calls.flatMap(({ title, note, rows }) => [
      ...(title === ''
        ? []
        : [
            `  ${terminal.paint('bold', title)}${note === '' ? '' : terminal.paint('dim', `  ${clip(note, terminal.width - title.length - 5)}`)}`,
          ]),
      ...rows.flatMap(({ name, result }) => {
        const bar = padEnd(drawBar(terminal, result.trace, longest, barWidth), barWidth)
        const reasons = result.trace.cuts.map(({ why }) => why)
        return [
          `  ${padEnd(name, nameWidth)}  ${bar}  ${ending(terminal, result)}`,
          ...(reasons.length === 0
            ? []
            : [`${' '.repeat(indent)}${terminal.paint('dim', fold(reasons, barWidth + 18))}`]),
        ]
      }),
      '',
    ]),
    `${' '.repeat(indent)}${legend(terminal)}`,
  ]
}

function legend(terminal: Terminal): string {
  return Object.values(MARKS)
    .map(
      ({ glyph, style, label }) =>
        `${terminal.paint(style, glyph.repeat(label === 'cut' || label === 'hedge' ? 1 : 3))} ${label}`,
    )
    .join('  ')
}

function ending(terminal: Terminal, { outcome, trace }: CallResult): string {
  const time = padStart(seconds(trace.durationMs), 7)
  switch (outcome) {
    case 'succeeded':
      return terminal.paint('green', `✓ ok     ${time}`)
    case 'cut_short':
      return terminal.paint('red', `! short  ${time}`)
    case 'failed':
      return terminal.paint('red', `✕ failed ${time}`)
    case 'unfinished':
      return terminal.paint('red', `… hangs  ${time}`)
  }
}

/** Draws every span to scale. A span that is too short to be visible gets one cell, taken from the following wait. */
export function drawBar(terminal: Terminal, trace: Trace, longestMs: number, width: number): string {
  const column = (at: number): number => Math.round((at / longestMs) * width)
  const steps: Array<{ readonly mark: Mark; readonly from: number; readonly to: number }> = [
    ...trace.spans.map(({ activity, from, to }) => ({ mark: activity, from, to })),
    ...trace.cuts.map(({ at }) => ({ mark: 'cut' as const, from: at, to: at })),
    ...trace.hedges.map((at) => ({ mark: 'hedge' as const, from: at, to: at })),
  ].sort((a, b) => a.to - b.to)
  let bar = ''
  let used = 0
  for (const { mark, from, to } of steps) {
    // The short pause before a reconnect is not shown as a back-off.
    const least = mark === 'wait' || (mark === 'back_off' && to - from <= RECONNECT_MS) ? 0 : 1
    const wanted = mark === 'cut' || mark === 'hedge' ? 1 : Math.max(least, column(to) - used)
    const cells = Math.min(wanted, Math.max(0, width - used))
    if (cells === 0) continue
    bar += terminal.paint(MARKS[mark].style, MARKS[mark].glyph.repeat(cells))
    used += cells
  }
  return bar
}

/** A ruler with a tick about every twelve columns, at round numbers of seconds. */
function scale(terminal: Terminal, longestMs: number, width: number): string {
  const roughly = longestMs / 1000 / (width / 12)
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600].find((nice) => nice >= roughly) ?? 1200
  let line = ''
  for (let at = 0; at * 1000 <= longestMs; at += step) {
    const label = `│${Number(at.toFixed(1))} s`
    const column = Math.round(((at * 1000) / longestMs) * width)
    if (column < line.length || column + label.length > width + 8) continue
    line = padEnd(line, column) + label
  }
  return terminal.paint('dim', line)
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** `a › b › c`, without the middle if it does not fit. */
function fold(reasons: readonly string[], width: number): string {
  for (let shown = reasons.length; shown > 1; shown--) {
    const hidden = reasons.length - shown
    const text = [...reasons.slice(0, shown), ...(hidden > 0 ? [`${hidden} more`] : [])].join(' › ')
    if (text.length <= width) return text
  }
  return (reasons[0] ?? '').slice(0, width)
}
