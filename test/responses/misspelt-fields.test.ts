import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOneEdit, meantBy } from '../../src/responses/request-fields.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { type Scenario, scenario } from './harness.ts'

const ok = fake.respond(textStream({ text: 'x' }))
const told = (s: Scenario) =>
  s.events.flatMap((event) => (event.type === 'request_problem' ? [[event.problem, event.field, event.meant]] : []))

describe('a field of a request that looks like a typing error', () => {
  it('is reported once per client, and still sent', async () => {
    const s = scenario(() => ok)
    const body = { model: 'm', input: 'hi', reasonning: { effort: 'low' }, previuos_response_id: 'resp_1' }
    expect((await s.settle(s.responses.create(body))).error).toBeUndefined()
    expect((await s.settle(s.client.withOptions({ maxRetries: 0 }).responses.create(body))).error).toBeUndefined()
    expect((await s.settle(s.responses.stream(body).finalResponse())).error).toBeUndefined()
    expect(told(s)).toEqual([
      ['unknown_field', 'reasonning', 'reasoning'],
      ['unknown_field', 'previuos_response_id', 'previous_response_id'],
    ])
    expect(JSON.parse(s.transport.requests[0]?.text ?? '')).toMatchObject(body)
    await s.nothingIsLeft()
  })

  it('is reported to the channel, too, and without a listener the body is not checked', async () => {
    const heard: unknown[] = []
    const listener = (event: unknown): void => void heard.push(event)
    const s = scenario(() => ok, { onEvent: undefined })
    await s.settle(s.responses.create({ model: 'm', inputs: 'hi' }))
    subscribe('resilient-responses:request_problem', listener)
    await s.settle(s.responses.create({ model: 'm', inputs: 'hi' }))
    unsubscribe('resilient-responses:request_problem', listener)
    expect(heard).toEqual([{ type: 'request_problem', problem: 'unknown_field', field: 'inputs', meant: 'input' }])
    await s.nothingIsLeft()
  })

  it.each([
    ['tool', 'tools'],
    ['imput', 'input'],
    ['inptu', 'input'],
    ['modle', 'model'],
    ['stream_option', 'stream_options'],
    ['temprature', 'temperature'],
    ['Model', 'model'],
  ])('%s is taken for %s', (field, meant) => {
    expect(meantBy(field)).toBe(meant)
  })

  it.each([
    'models',
    'top_k',
    'seed',
    'stop',
    'provider',
    'messages',
    'max_tokens',
    'n',
    '',
    '__proto__',
    'constructor',
  ])('%s is taken for nothing', (field) => {
    expect(meantBy(field)).toBeUndefined()
  })

  it('is reported for at most 100 names per listener', async () => {
    const s = scenario(() => ok)
    const fields = Array.from({ length: 150 }, (_, n) => [`input${String.fromCodePoint(0x4e00 + n)}`, n])
    await s.settle(s.responses.create(Object.fromEntries(fields)))
    expect(told(s)).toHaveLength(100)
    await s.nothingIsLeft()
  })
})

describe('one edit', () => {
  /** The distance of Damerau and Levenshtein where no part is edited twice, by the textbook. */
  function distance(a: string, b: string): number {
    const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j))
    const at = (i: number, j: number): number => rows[i]?.[j] as number
    for (let i = 1; i <= a.length; i++)
      for (let j = 1; j <= b.length; j++) {
        const same = a[i - 1] === b[j - 1] ? 0 : 1
        let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same)
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
          least = Math.min(least, at(i - 2, j - 2) + 1)
        ;(rows[i] as number[])[j] = least
      }
    return at(a.length, b.length)
  }
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })

  it('is a distance of one', () => {
    fc.assert(
      fc.property(text, text, (a, b) => isOneEdit(a, b) === (distance(a, b) === 1)),
      { numRuns: 3000 },
    )
  })
})
