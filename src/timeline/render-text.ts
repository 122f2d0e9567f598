import { styleText } from 'node:util'
import { flag, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { checkOptions } from '../errors/check-options.ts'
import type { PicturedAttempt } from '../picture/activity.ts'
import { drawBar, drawLegend, drawReasons, drawRuler, type Paint, plain } from '../picture/draw.ts'
import { clipped, padded, widthOf } from './cells.ts'
import { checkCalls } from './check-calls.ts'
import { visible } from './visible.ts'

/** How wide a picture is, and whether it has colours. */
export interface RenderTextOptions {
  /** The width of the picture. From 40 to 400, default 80. */
  readonly columns?: number | undefined
  /** Colours it with the codes of a terminal. Default `false`. */
  readonly color?: boolean | undefined
}

const RULES = {
  columns: { ...whole(40, 400), default: 80 },
  color: { ...flag, default: false },
} as const satisfies Rules<RenderTextOptions>

/** A call, as far as the picture shows it. A `RecordedCall` is one. */
export interface PicturedCall {
  /** `incomplete`: the caller took a part for the whole. */
  readonly outcome: 'completed' | 'failed' | 'aborted' | 'running' | 'incomplete'
  readonly durationMs: number
  /** How long the call waited to begin. Milliseconds. Default 0. */
  readonly queuedMs?: number | undefined
  readonly attempts: readonly PicturedAttempt[]
  /** Before the bar. Default: `call` and `callId`, with the label. */
  readonly name?: string | undefined
  readonly callId?: number | undefined
  readonly label?: string | undefined
  /** A line above the call, for the first one of a group. */
  readonly heading?: string | undefined
}

const LONGEST_NAME = 24
/** A narrow picture has shorter names: a fifth of its columns. */
const SHARE_OF_NAMES = 5
/** Mark, word and duration of the end, and the blanks around. */
const BESIDE_BAR = 24

/**
 * Draws calls as bars on one scale, so that their lengths can be compared, with the reasons of failed attempts below them. At the
 * end it says what the signs of these bars mean.
 *
 * @throws ConfigurationError for an option that is unknown or not accepted, and for a call whose times are no milliseconds.
 */
export function renderText(calls: readonly PicturedCall[], options: RenderTextOptions = {}): string {
  checkOptions(options, RULES, { of: 'renderText()' })
  checkCalls(calls, 'renderText()')
  const { columns = RULES.columns.default, color = false } = options
  if (calls.length === 0) return 'no calls\n'
  const paint: Paint = color ? (style, text) => styleText(style, text, { validateStream: false }) : plain
  const longestName = Math.min(LONGEST_NAME, Math.floor(columns / SHARE_OF_NAMES))
  const names = calls.map((call) => clipped(visible(nameOf(call)), longestName))
  const nameWidth = names.reduce((width, name) => Math.max(width, widthOf(name)), 0)
  const barWidth = Math.max(8, columns - nameWidth - BESIDE_BAR)
  const longest = calls.reduce((most, { durationMs }) => Math.max(most, durationMs), 1)
  const indent = ' '.repeat(nameWidth + 4)
  const lines = [`${indent}${paint('dim', drawRuler(longest, barWidth))}`]
  let bars = ''
  for (const [index, call] of calls.entries()) {
    if (call.heading !== undefined) {
      if (index > 0) lines.push('')
      lines.push(`  ${paint('bold', clipped(visible(call.heading), columns - 2))}`)
    }
    const bar = drawBar(call, longest, barWidth, paint)
    bars += bar
    lines.push(`  ${padded(names[index] as string, nameWidth)}  ${bar}  ${ending(call, paint)}`)
    const reasons = drawReasons(call, columns - indent.length)
    if (reasons !== undefined) lines.push(`${indent}${paint('dim', visible(reasons))}`)
  }
  const legend = drawLegend(bars, columns - 2, paint).map((line) => `  ${line}`)
  return `${[...lines, '', ...legend].join('\n')}\n`
}

function nameOf({ name, callId, label }: PicturedCall): string {
  return name ?? [`call ${callId ?? ''}`.trim(), ...(label === undefined ? [] : [label])].join(' ')
}

const ENDINGS = {
  completed: ['green', '✓ ok     '],
  incomplete: ['red', '! short  '],
  failed: ['red', '✕ failed '],
  aborted: ['yellow', '⊘ aborted'],
  running: ['cyan', '… running'],
} as const satisfies Record<PicturedCall['outcome'], readonly [Parameters<Paint>[0], string]>

function ending({ outcome, durationMs }: PicturedCall, paint: Paint): string {
  const [style, text] = ENDINGS[outcome]
  return paint(style, `${text} ${seconds(durationMs).padStart(7)}`)
}

/** `25 ms`, `0.8 s`, `45.0 s`, `122 s`. */
function seconds(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`
  return ms < 99_950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
