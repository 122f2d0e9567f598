import type { PageCall } from '../page-data.ts'
import { showDetails, showLegend } from './details.ts'
import { byId } from './dom.ts'
import { createFilters } from './filters.ts'
import { createList } from './list.ts'
import { fromHash, initialState, type State, scaleOf, shownCalls, toHash } from './state.ts'
import { showSummary } from './summary.ts'

const calls = JSON.parse(byId('data').textContent ?? '[]') as readonly PageCall[]
const byNumber = new Map(calls.map((call) => [call.id, call]))
const initial = initialState(calls)
/** As in the style. */
const narrow = matchMedia('(max-width: 1000px)')
let state: State = initial

const list = createList({
  hover: (call) => {
    // There the panel lies over the rows.
    if (!narrow.matches) showDetails(call ?? selectedCall(), deselect)
  },
  select: (call) => {
    state = { ...state, selected: call?.id }
    showDetails(call, deselect)
    list.select(state.selected, true)
    remember()
  },
})
const filters = createFilters(calls, change)

function change(part: Partial<State>): void {
  state = { ...state, ...part }
  show()
  remember()
}

function show(): void {
  const shown = shownCalls(calls, state)
  filters.show(state, shown.length)
  showSummary(shown)
  list.show(shown, scaleOf(shown, state))
  list.select(state.selected, false)
}

function selectedCall(): PageCall | undefined {
  return state.selected === undefined ? undefined : byNumber.get(state.selected)
}

function deselect(): void {
  state = { ...state, selected: undefined }
  showDetails(undefined, deselect)
  list.select(undefined, false)
  remember()
}

function remember(): void {
  try {
    history.replaceState(null, '', toHash(state))
  } catch {
    // A page in a frame without an address has no history.
  }
}

function start(): void {
  state = fromHash(location.hash, initial)
  const first = calls[0]
  const last = calls.at(-1)
  byId('span').textContent =
    first === undefined || last === undefined
      ? 'no calls'
      : first.at.slice(0, 19) + (first === last ? ' UTC' : ` to ${last.at.slice(0, 19)} UTC`)
  showLegend()
  show()
  showDetails(selectedCall(), deselect)
  if (state.selected !== undefined) list.select(state.selected, true)
}

start()
