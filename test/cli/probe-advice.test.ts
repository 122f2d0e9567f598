import { describe, expect, it } from 'vitest'
import { adviceOf } from '../../src/cli/probe-advice.ts'
import type { ProbedCall } from '../../src/cli/probe-calls.ts'
import { callsFigures, connectionFigures, type ProbeFigures } from '../../src/cli/probe-figures.ts'

const answered = (firstEventMs: number, more: Partial<ProbedCall> = {}): ProbedCall => ({
  transport: 'http',
  fellBack: false,
  outcome: 'answered',
  firstEventMs,
  longestPauseMs: 20,
  totalMs: firstEventMs + 500,
  ...more,
})
const dead: ProbedCall = { transport: 'http', fellBack: false, outcome: 'dead', code: 'ttfb_timeout', totalMs: 45_000 }
const times = (count: number, call: ProbedCall): ProbedCall[] => Array.from({ length: count }, () => call)

function figures(calls: readonly ProbedCall[], connectMs = 20): ProbeFigures {
  return {
    baseURL: 'https://api.test/v1',
    model: 'm',
    waitMs: 45_000,
    stopped: false,
    connections: connectionFigures([{ dnsMs: 1, connectMs, tlsMs: 20 }]),
    http: callsFigures(calls),
    all: callsFigures(calls),
  }
}

const options = (calls: readonly ProbedCall[], connectMs?: number) =>
  adviceOf(figures(calls, connectMs)).map(({ option, value }) => `${option}: ${value}`)

describe('the advice of a probe', () => {
  it('is to hedge where two calls at least, and one in twenty, were dead beside living ones', () => {
    expect(options([...times(16, answered(900)), ...times(4, dead)])).toEqual(['hedge: true'])
    expect(options([...times(19, answered(900)), dead])).toEqual([])
    expect(options([...times(60, answered(900)), dead, dead])).toEqual([])
    expect(options([...times(2, answered(900)), ...times(18, dead)])).toEqual([])
  })

  it('is not to hedge where the living are nearly as slow as the dead are patient', () => {
    expect(options([...times(16, answered(30_000)), ...times(4, dead)])).toEqual(['timeouts.ttfbMs: 90000'])
  })

  it('is a longer deadline where half of it was used, and never a shorter one', () => {
    expect(options(times(20, answered(23_000)))).toEqual(['timeouts.ttfbMs: 90000'])
    expect(options(times(20, answered(800)), 6000)).toEqual(['timeouts.connectMs: 20000'])
    expect(options(times(20, answered(800, { longestPauseMs: 200_000 })))).toEqual(['timeouts.idleMs: 600000'])
    expect(options(times(20, answered(1)))).toEqual([])
  })

  it('is nothing where nothing is known', () => {
    expect(options([])).toEqual([])
    expect(options(times(5, { ...dead, outcome: 'stopped' }))).toEqual([])
    expect(options(times(5, { ...dead, outcome: 'failed', code: 'http_status', status: 401 }))).toEqual([])
  })
})
