import type { PageCall } from '../page-data.ts'
import { duration } from '../statistics.ts'
import { byId, element } from './dom.ts'

const LEGEND = [
  ['queue', 'waits for its turn'],
  ['connect', 'connects'],
  ['wait', 'waits for an event'],
  ['prelude', 'prelude'],
  ['output', 'output'],
  ['back_off', 'backs off'],
  ['cut', 'attempt failed'],
  ['hedge', 'hedge'],
] as const

/** Shows a call, or how to choose one. */
export function showDetails(call: PageCall | undefined, close: () => void): void {
  const panel = byId('details')
  panel.classList.toggle('open', call !== undefined)
  panel.replaceChildren(...(call === undefined ? hint() : callDetails(call, close)))
}

function hint(): Node[] {
  return [
    element(
      'p',
      'hint',
      'Point at a call to read its history. Click it, or choose it with the arrow keys, to keep it here.',
    ),
  ]
}

function callDetails(call: PageCall, close: () => void): Node[] {
  const button = element('button', 'close', '×')
  button.type = 'button'
  button.setAttribute('aria-label', 'Close')
  button.addEventListener('click', close)
  const head = element(
    'h2',
    '',
    `call ${call.id} `,
    element('span', `badge ${call.outcome}`, call.outcome),
    ` ${duration(call.ms)}`,
  )
  const history = element('ol', 'history', ...linesOf(call.text).map((line) => element('li', '', line)))
  const facts = element('dl', 'facts')
  for (const [name, value] of [['began', `${call.at} UTC`] as const, ...call.facts])
    facts.append(element('dt', '', name), element('dd', '', value))
  return [button, head, history, facts]
}

function linesOf(text: string): string[] {
  return text === '' ? ['No attempt was made.'] : text.split('\n')
}

/** What the colours mean. */
export function showLegend(): void {
  const list = element('ul')
  for (const [name, meaning] of LEGEND) list.append(element('li', '', element('i', `swatch ${name}`), meaning))
  byId('legend').replaceChildren(list)
}
