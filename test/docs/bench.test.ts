import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Baseline, completed, readBaseline } from '../../bench/baseline.ts'
import { drawChart } from '../../bench/chart.ts'
import { regressions } from '../../bench/check.ts'
import { SendWindow } from '../../bench/probes/slow-link.ts'
import { CHART, PAGE, withTable } from '../../bench/publish.ts'
import { keyOf } from '../../bench/row.ts'
import { ROWS } from '../../bench/rows.ts'
import { drawTable, TABLE } from '../../bench/table.ts'

const KEYS = ROWS.flatMap((row) => row.parts.map((part) => ({ key: keyOf(row, part), part })))

describe('the figures of docs/speed.md', () => {
  it('are those of bench/baseline.json: `npm run bench -- --draw` writes them', () => {
    const page = readFileSync(PAGE, 'utf8')
    expect(withTable(page, drawTable(readBaseline()))).toBe(page)
  })

  it('and so are those of the chart', () => {
    expect(readFileSync(CHART, 'utf8')).toBe(drawChart(readBaseline()))
  })

  it('are all of rows that the benchmark measures, and no two of its rows are kept under one name', () => {
    const keys = KEYS.map(({ key }) => key)
    expect(TABLE.map(({ key }) => key).filter((key) => !keys.includes(key))).toEqual([])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('stand for costs: what is measured as a gain is turned round, and what was not measured is a dash', () => {
    const [cost, gain, ...rest] = [TABLE.find(({ isGain }) => !isGain), TABLE.find(({ isGain }) => isGain), ...TABLE]
    const figures = { [cost?.key ?? '']: 0.8, [gain?.key ?? '']: 4 }
    const drawn = drawTable(baseline(figures))
    expect(drawn).toMatch(/\| 0\.80 × +\|/)
    expect(drawn).toMatch(/\| 0\.25 × +\|/)
    expect(drawn.match(/\| – +\|/g)).toHaveLength(rest.length - 2)
  })

  it('say of which run they are, if it was no full one on a quiet machine', () => {
    const note = (quick: boolean, busy: boolean) => /\((.*)\)/.exec(drawTable({ quick, busy, nodes: {} }))?.[1]
    expect([note(false, false), note(true, false), note(false, true), note(true, true)]).toEqual([
      'medians',
      'medians of a quick run',
      'medians of a run on a busy machine',
      'medians of a quick run on a busy machine',
    ])
  })

  it('of a part leave the others as they were, and are of the same Node', () => {
    const node = { version: 'v24.1.0', rounds: 3, figures: { a: 1, b: 2 }, cpuUs: { short_bytes: { drop_in: 5 } } }
    const known: Baseline = { quick: false, busy: false, nodes: { 24: node } }
    const part = (rounds: number, version = 'v24.1.0'): Baseline => ({
      quick: false,
      busy: true,
      nodes: { 24: { version, rounds, figures: { b: 9 }, cpuUs: {} } },
    })
    expect(completed(part(0), known)).toEqual({
      quick: false,
      busy: true,
      nodes: { 24: { ...node, figures: { a: 1, b: 9 } } },
    })
    expect(completed(part(7), known).nodes[24]).toMatchObject({ rounds: 7, figures: { a: 1, b: 9 }, cpuUs: {} })
    expect(() => completed(part(7, 'v24.2.0'), known)).toThrow('v24.2.0 was measured in part')
  })

  it('have a place between two markers, or there is an error', () => {
    expect(() => withTable('# a page without', 'a table')).toThrow('the page lacks the markers')
  })
})

describe('npm run bench -- --check', () => {
  const [cost, gain, informal] = [
    KEYS.find(({ part }) => typeof part.target === 'object' && 'atMost' in part.target),
    KEYS.find(({ part }) => typeof part.target === 'object' && 'atLeast' in part.target),
    KEYS.find(({ part }) => part.target === 'information'),
  ].map((each) => each ?? expect.unreachable('there is one of each kind'))

  const worse = (kind: typeof cost, before: number, now: number): string[] => {
    const { key, part } = kind as NonNullable<typeof kind>
    const spread = { median: now, min: now, max: now }
    return regressions([{ version: 'v24.1.0', figures: [{ key, part, spread }] }], baseline({ [key]: before }))
  }

  it('tells a cost that has grown by more than a quarter', () => {
    expect(worse(cost, 1, 1.3)).toEqual([`Node 24.1.0, ${cost?.key}: 1 became 1.30`])
    expect(worse(cost, 1, 1.2)).toEqual([])
    expect(worse(cost, 1, 0.5)).toEqual([])
  })

  it('tells a gain that has shrunk by more than a quarter', () => {
    expect(worse(gain, 4, 2.9)).toEqual([`Node 24.1.0, ${gain?.key}: 4 became 2.90`])
    expect(worse(gain, 4, 3.1)).toEqual([])
    expect(worse(gain, 4, 9)).toEqual([])
  })

  it('holds nothing against what has no target, was not measured, or was not kept', () => {
    expect(worse(informal, 1, 9)).toEqual([])
    expect(worse(cost, 1, Number.NaN)).toEqual([])
    const figures = [{ ...(cost as NonNullable<typeof cost>), spread: { median: 9, min: 9, max: 9 } }]
    expect(regressions([{ version: 'v24.1.0', figures }], baseline({}))).toEqual([])
    expect(regressions([{ version: 'v99.1.0', figures }], baseline({ [cost?.key ?? '']: 1 }))).toEqual([])
  })
})

describe('the link of the WebSocket turns', () => {
  const ROUND_TRIP_MS = 50
  const tripsFor = (bytes: number, window: SendWindow, from: number): number => {
    let trips = 0
    for (let left = bytes; left > 0; trips++) {
      const sent = window.take(left, from + trips * ROUND_TRIP_MS)
      left -= sent
      window.acknowledge(sent)
    }
    return trips
  }

  it('lets ten segments leave at first, and twice as many after each round trip', () => {
    expect(tripsFor(14_600, new SendWindow(), 0)).toBe(1)
    expect(tripsFor(14_601, new SendWindow(), 0)).toBe(2)
    expect(tripsFor(200_000, new SendWindow(), 0)).toBe(4)
  })

  it('keeps its window for what follows within 250 ms, and begins anew after a longer pause', () => {
    const window = new SendWindow()
    expect(tripsFor(200_000, window, 0)).toBe(4)
    expect(tripsFor(200_000, window, 400)).toBe(1)
    expect(tripsFor(200_000, window, 700)).toBe(4)
  })

  it('does not let more leave than the window while nothing was acknowledged', () => {
    const window = new SendWindow()
    expect(window.take(10_000, 0)).toBe(10_000)
    expect(window.take(10_000, 1)).toBe(4600)
    expect(window.take(10_000, 400)).toBe(0)
  })
})

function baseline(figures: Readonly<Record<string, number>>): Baseline {
  return { quick: false, busy: false, nodes: { 24: { version: 'v24.1.0', rounds: 3, figures, cpuUs: {} } } }
}
