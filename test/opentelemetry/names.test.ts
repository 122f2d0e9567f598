import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { expect, it } from 'vitest'
import { CONVENTION, CONVENTION_METRIC, OWN, OWN_METRIC } from '../../src/opentelemetry/names.ts'

const published = new Set<unknown>(Object.values(conventions))

it('the names of attributes and metrics that are called conventions are published ones', () => {
  const names = [...Object.values(CONVENTION), ...Object.values(CONVENTION_METRIC)]
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter((name) => !published.has(name))).toEqual([])
})

it('all other names begin with that of the library, and no two of them are the same', () => {
  for (const names of [Object.values(OWN), Object.values(OWN_METRIC)]) {
    expect(names.filter((name) => !/^resilient_responses(?:\.[a-z_]+)+$/.test(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  }
})
