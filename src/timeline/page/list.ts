import type { PageBar, PageCall } from '../page-data.ts'
import { duration } from '../statistics.ts'
import { byId, element } from './dom.ts'

/** Rows that are drawn above and below the visible ones, so that scrolling shows no gap. */
const SPARE = 8
/** On paper. */
const MOST_PRINTED = 500

const ENDS: Readonly<Record<PageCall['outcome'], string>> = { completed: '✓', failed: '✕', aborted: '⊘', running: '…' }

export interface CallList {
  show(calls: readonly PageCall[], scaleMs: number): void
  select(id: number | undefined, reveal: boolean): void
}

/** The rows. Only those that can be seen are in the document. */
export function createList(on: {
  hover(call: PageCall | undefined): void
  select(call: PageCall | undefined): void
}): CallList {
  const list = byId('list')
  const axis = byId('axis')
  let calls: readonly PageCall[] = []
  let scaleMs = 1
  let selected: number | undefined
  let isPrinting = false
  const rows = new Map<number, HTMLElement>()

  const rowHeight = (): number => Number.parseFloat(getComputedStyle(list).getPropertyValue('--row'))
  const indexOf = (id: number | undefined): number =>
    id === undefined ? -1 : calls.findIndex((call) => call.id === id)

  function draw(): void {
    if (isPrinting) return
    const height = rowHeight()
    const top = list.getBoundingClientRect().top
    const first = Math.max(0, Math.floor(-top / height) - SPARE)
    const last = Math.min(calls.length, Math.ceil((window.innerHeight - top) / height) + SPARE)
    for (const [index, row] of rows) {
      if (index >= first && index < last) continue
      row.remove()
      rows.delete(index)
    }
    for (let index = first; index < last; index++) {
      if (rows.has(index)) continue
      const row = rowOf(index)
      row.style.top = `${index * height}px`
      rows.set(index, row)
      list.append(row)
    }
  }

  function rowOf(index: number): HTMLElement {
    const call = calls[index] as PageCall
    const row = element(
      'div',
      'row',
      whoOf(call),
      barOf(call, scaleMs),
      element('span', 'took', duration(call.ms)),
      element('span', `end ${call.outcome}`, ENDS[call.outcome]),
    )
    row.id = `call-${call.id}`
    row.dataset.index = String(index)
    row.setAttribute('role', 'option')
    row.setAttribute('aria-posinset', String(index + 1))
    row.setAttribute('aria-setsize', String(calls.length))
    row.setAttribute('aria-selected', String(call.id === selected))
    row.setAttribute('aria-label', `call ${call.id}, ${call.outcome}, ${duration(call.ms)}. ${call.text}`)
    return row
  }

  function redraw(): void {
    for (const row of rows.values()) row.remove()
    rows.clear()
    draw()
  }

  function callAt(event: Event): PageCall | undefined {
    const row = (event.target as Element).closest<HTMLElement>('.row')
    return row === null ? undefined : calls[Number(row.dataset.index)]
  }

  function move(to: number): void {
    const call = calls[Math.max(0, Math.min(calls.length - 1, to))]
    if (call !== undefined) on.select(call)
  }

  function reveal(index: number): void {
    const height = rowHeight()
    const top = list.getBoundingClientRect().top + index * height
    const panel = byId('details')
    const covered = getComputedStyle(panel).position === 'fixed' && panel.offsetHeight > 0 ? panel.offsetHeight : 0
    const above = axis.offsetHeight
    const below = window.innerHeight - covered
    if (top < above) window.scrollBy(0, Math.floor(top - above))
    else if (top + height > below) window.scrollBy(0, Math.ceil(top + height - below))
  }

  list.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'mouse') on.hover(callAt(event))
  })
  list.addEventListener('pointerleave', () => on.hover(undefined))
  list.addEventListener('click', (event) => {
    const call = callAt(event)
    if (call !== undefined) on.select(call)
  })
  list.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const at = indexOf(selected)
    const page = Math.max(1, Math.floor(window.innerHeight / rowHeight()) - 3)
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at === -1 ? 0 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: calls.length - 1,
    }
    const target = targets[event.key]
    if (target !== undefined) move(target)
    else if (event.key === 'Escape') on.select(undefined)
    else return
    event.preventDefault()
  })
  window.addEventListener('scroll', draw, { passive: true })
  window.addEventListener('resize', redraw)
  window.addEventListener('beforeprint', () => {
    isPrinting = true
    for (const row of rows.values()) row.remove()
    rows.clear()
    list.append(...calls.slice(0, MOST_PRINTED).map((_, index) => rowOf(index)))
    if (calls.length > MOST_PRINTED)
      list.append(element('p', 'more', `The first ${MOST_PRINTED} of ${calls.length} calls. Filter to print others.`))
  })
  window.addEventListener('afterprint', () => {
    isPrinting = false
    list.replaceChildren()
    rows.clear()
    draw()
  })

  return {
    show(nextCalls, nextScaleMs) {
      calls = nextCalls
      scaleMs = nextScaleMs
      list.style.height = `${calls.length * rowHeight()}px`
      list.hidden = calls.length === 0
      byId('empty').hidden = calls.length > 0
      axis.replaceChildren(element('div', 'ticks', ...(calls.length === 0 ? [] : ticksOf(scaleMs))))
      redraw()
    },
    select(id, mustReveal) {
      selected = id
      const index = indexOf(id)
      if (mustReveal && index !== -1) reveal(index)
      draw()
      for (const [at, row] of rows) row.setAttribute('aria-selected', String(at === index))
      if (index === -1) list.removeAttribute('aria-activedescendant')
      else list.setAttribute('aria-activedescendant', `call-${id}`)
    },
  }
}

function whoOf({ id, label, model }: PageCall): HTMLElement {
  const who = element('span', 'who', element('b', '', `#${id}`))
  if (label !== undefined) who.append(' ', element('span', 'label', label))
  if (model !== undefined) who.append(' ', element('span', 'model', model))
  return who
}

function barOf({ bars, lanes, ms }: PageCall, scaleMs: number): HTMLElement {
  const bar = element('span', ms > scaleMs ? 'bar beyond' : 'bar')
  const place = (at: number): string => `${(at / scaleMs) * 100}%`
  const height = 100 / lanes
  const put = (kind: string, lane: number, from: number): HTMLElement => {
    const part = element('i', kind)
    part.style.left = place(from)
    part.style.top = `${lane * height}%`
    part.style.height = `${height}%`
    bar.append(part)
    return part
  }
  for (const { spans, lane, end, at, hedge } of bars) {
    for (const [activity, from, to] of spans) {
      if (from > scaleMs) break
      put(`${activity}${classOf(end)}`, lane, from).style.width = place(Math.min(to, scaleMs) - from)
    }
    const startedAt = spans[0]?.[1] ?? at
    if (hedge && startedAt <= scaleMs) put('hedge', lane, startedAt)
    if ((end === 'cut' || end === 'aborted') && at <= scaleMs) put(end === 'cut' ? 'cut' : 'cut stopped', lane, at)
  }
  return bar
}

function classOf(end: PageBar['end']): string {
  return end === 'lost' || end === 'running' ? ` ${end}` : ''
}

/** From here on, in shares of the scale, the text of a tick stands before it: after it, it could be wider than a narrow page. */
const NEAR_THE_END = 0.85

/** Ticks at round times, about eight of them. */
function ticksOf(scaleMs: number): HTMLElement[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000]
  const most = window.innerWidth < 600 ? 4 : 8
  let step = steps.find((each) => scaleMs / each <= most) ?? 600_000
  while (scaleMs / step > most) step *= 2
  const found: HTMLElement[] = []
  for (let at = 0; at <= scaleMs; at += step) {
    const mark = element('span', at / scaleMs > NEAR_THE_END ? 'late' : '', at === 0 ? '0' : duration(at))
    mark.style.left = `${(at / scaleMs) * 100}%`
    found.push(mark)
  }
  return found
}
