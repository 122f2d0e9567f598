import type { PageCall } from '../page-data.ts'
import { byId, element, grouped } from './dom.ts'
import { ORDERS, OUTCOMES, SCALES, type State } from './state.ts'

/** A longer list could not be read. The search finds the others. */
const MOST_LABELS = 200

export interface Filters {
  show(state: State, shown: number): void
}

/** The form with the filters. */
export function createFilters(calls: readonly PageCall[], change: (change: Partial<State>) => void): Filters {
  const form = byId<HTMLFormElement>('filters')
  form.addEventListener('submit', (event) => event.preventDefault())

  const outcomes = OUTCOMES.map((outcome) => ({
    outcome,
    count: calls.filter((call) => call.outcome === outcome).length,
  })).filter(({ count }) => count > 0)
  const buttons = outcomes.map(({ outcome, count }) => {
    const button = element('button', `outcome ${outcome}`, `${outcome} `, element('span', 'count', grouped(count)))
    button.type = 'button'
    return { outcome, button }
  })
  const group = element('div', 'group', ...buttons.map(({ button }) => button))
  group.setAttribute('role', 'group')
  group.setAttribute('aria-label', 'Outcome')

  const label = selectOf([['', 'all labels'], ...labelsOf(calls)], (value) =>
    change({ label: value === '' ? undefined : value.slice(1) }),
  )
  const order = selectOf(Object.entries(ORDERS), (value) => change({ order: value as State['order'] }))
  const scale = selectOf(Object.entries(SCALES), (value) => change({ scale: value as State['scale'] }))
  const find = element('input')
  find.type = 'search'
  find.placeholder = 'id, model, code …'
  find.addEventListener('input', () => change({ find: find.value }))
  const count = element('output', 'shown')
  form.append(group, named('Label', label), named('Find', find), named('Order', order), named('Scale', scale), count)

  let outcomesNow: State['outcomes'] = new Set()
  for (const { outcome, button } of buttons) {
    button.addEventListener('click', () => {
      const next = new Set(outcomesNow)
      if (!next.delete(outcome)) next.add(outcome)
      change({ outcomes: next })
    })
  }
  return {
    show(state, shown) {
      outcomesNow = state.outcomes
      for (const { outcome, button } of buttons)
        button.setAttribute('aria-pressed', String(state.outcomes.has(outcome)))
      label.value = state.label === undefined ? '' : `=${state.label}`
      order.value = state.order
      scale.value = state.scale
      if (find.value !== state.find) find.value = state.find
      count.textContent =
        shown === calls.length ? `${grouped(shown)} calls` : `${grouped(shown)} of ${grouped(calls.length)} calls`
    },
  }
}

/** Labels, the most frequent first. The values have a sign in front, because a call without a label has an empty one. */
function labelsOf(calls: readonly PageCall[]): Array<[value: string, text: string]> {
  const counts = new Map<string, number>()
  for (const { label = '' } of calls) counts.set(label, (counts.get(label) ?? 0) + 1)
  if (counts.size === 1 && counts.has('')) return []
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_LABELS)
    .map(([label, count]) => [`=${label}`, `${label === '' ? '(no label)' : label} · ${grouped(count)}`])
}

function selectOf(
  options: ReadonlyArray<readonly [string, string]>,
  change: (value: string) => void,
): HTMLSelectElement {
  const select = element('select')
  for (const [value, text] of options) {
    const option = element('option', '', text)
    option.value = value
    select.append(option)
  }
  select.disabled = options.length === 1
  select.addEventListener('change', () => change(select.value))
  return select
}

function named(name: string, control: HTMLElement): HTMLElement {
  return element('label', '', element('span', '', name), control)
}
