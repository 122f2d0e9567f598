import type { PageCall } from '../page-data.ts'
import { ascending, percentile } from '../statistics.ts'

export type Outcome = PageCall['outcome']
export const OUTCOMES: readonly Outcome[] = ['completed', 'failed', 'aborted', 'running']

export const ORDERS = { oldest: 'oldest first', newest: 'newest first', slowest: 'slowest first' } as const
export const SCALES = { all: 'longest call', p99: '99 % of calls', p95: '95 % of calls' } as const

/** What the reader has chosen. */
export interface State {
  /** Empty: all. */
  readonly outcomes: ReadonlySet<Outcome>
  /** `undefined`: all. Empty: calls without a label. */
  readonly label: string | undefined
  readonly find: string
  readonly order: keyof typeof ORDERS
  readonly scale: keyof typeof SCALES
  /** The number of the selected call. */
  readonly selected: number | undefined
}

/** Calls that are far longer than all others would make those invisible. */
const FAR_LONGER = 2

export function initialState(calls: readonly PageCall[]): State {
  const sorted = ascending(calls.map(({ ms }) => ms))
  const isEven = (sorted.at(-1) ?? 0) <= FAR_LONGER * (percentile(sorted, 0.95) ?? 0)
  const scale = isEven ? 'all' : 'p99'
  return { outcomes: new Set(), label: undefined, find: '', order: 'oldest', scale, selected: undefined }
}

/** The calls that the filters leave, in their order. */
export function shownCalls(calls: readonly PageCall[], state: State): readonly PageCall[] {
  const find = state.find.trim().toLowerCase()
  const shown = calls.filter(
    (call) =>
      (state.outcomes.size === 0 || state.outcomes.has(call.outcome)) &&
      (state.label === undefined || (call.label ?? '') === state.label) &&
      (find === '' || holds(call, find)),
  )
  if (state.order === 'newest') return shown.reverse()
  return state.order === 'slowest' ? shown.sort((a, b) => b.ms - a.ms) : shown
}

function holds({ id, label, model, codes, text, facts }: PageCall, find: string): boolean {
  if (/^#?\d+$/.test(find)) return String(id) === find.replace('#', '')
  const texts = [label ?? '', model ?? '', ...(codes ?? []), text, ...facts.map(([, value]) => value)]
  return texts.some((each) => each.toLowerCase().includes(find))
}

/** The time that the width of a bar stands for. Milliseconds. */
export function scaleOf(calls: readonly PageCall[], { scale }: State): number {
  const sorted = ascending(calls.map(({ ms }) => ms))
  const share = scale === 'all' ? 1 : scale === 'p99' ? 0.99 : 0.95
  return Math.max(1, percentile(sorted, share) ?? 1)
}

/** The state is in the address, so that a reload keeps it. */
export function toHash(state: State): string {
  const parts = new URLSearchParams()
  if (state.outcomes.size > 0) parts.set('outcome', [...state.outcomes].join(' '))
  if (state.label !== undefined) parts.set('label', state.label)
  if (state.find !== '') parts.set('find', state.find)
  parts.set('order', state.order)
  parts.set('scale', state.scale)
  if (state.selected !== undefined) parts.set('call', String(state.selected))
  return `#${parts}`
}

export function fromHash(hash: string, initial: State): State {
  const parts = new URLSearchParams(hash.slice(1))
  const outcomes = (parts.get('outcome') ?? '').split(' ').filter((one) => OUTCOMES.includes(one as Outcome))
  const order = parts.get('order') ?? ''
  const scale = parts.get('scale') ?? ''
  const call = parts.get('call')
  return {
    outcomes: new Set(outcomes as Outcome[]),
    label: parts.get('label') ?? undefined,
    find: parts.get('find') ?? '',
    order: Object.hasOwn(ORDERS, order) ? (order as State['order']) : initial.order,
    scale: Object.hasOwn(SCALES, scale) ? (scale as State['scale']) : initial.scale,
    selected: call !== null && /^\d+$/.test(call) ? Number(call) : undefined,
  }
}
