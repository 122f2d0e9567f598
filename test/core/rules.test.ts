import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientRules } from '../../src/client/options.ts'
import { bytes, flag, ms, oneOf, section, whole, withMethods } from '../../src/core/rule-kinds.ts'
import { type AnyRules, copyByRules, faultIn } from '../../src/core/rules.ts'

const rules = {
  times: { ...section({ waitMs: { ...ms, formerly: 'delay' } }), secret: true },
  count: { ...whole(1, 3), default: 2 },
  must: { ...flag, required: true },
  mode: oneOf('a', 'b', 'c'),
  list: { accepts: 'an array', test: Array.isArray, each: { size: bytes } },
} satisfies AnyRules

const given = { must: true }

describe('the rows of options', () => {
  it.each([[[]], [new Uint8Array(2)], [new Float32Array()]])(
    '%j has a join() that is not the one asked for',
    (value) => {
      expect(faultIn({ fleet: value }, { fleet: withMethods(['join'], 'a fleet') })).toMatchObject({
        accepts: 'a fleet',
      })
      expect(faultIn({ fleet: { join: () => undefined } }, { fleet: withMethods(['join'], 'a fleet') })).toBeUndefined()
    },
  )

  it.each<[options: unknown, fault: unknown]>([
    [given, undefined],
    [{ ...given, times: { waitMs: 0 }, count: 3, mode: 'c', list: [{ size: 0 }, {}] }, undefined],
    [{ ...given, count: undefined, times: { waitMs: undefined } }, undefined],
    [{}, { kind: 'not_accepted', path: 'must', got: 'undefined', accepts: 'true or false' }],
    [
      { ...given, count: 4 },
      { kind: 'not_accepted', path: 'count', got: '4', accepts: 'a whole number from 1 to 3' },
    ],
    [
      { ...given, mode: 'd' },
      { kind: 'not_accepted', path: 'mode', got: "'d'", accepts: "'a', 'b' or 'c'" },
    ],
    // What is below something secret is secret.
    [
      { ...given, times: { waitMs: 'k' } },
      { path: 'times.waitMs', got: 'a string of 1 character' },
    ],
    [
      { ...given, times: { delay: 1, waitMs: 'k' } },
      { kind: 'renamed', path: 'times', name: 'delay', newName: 'waitMs' },
    ],
    [
      { ...given, list: [{}, { size: -1 }] },
      { path: 'list.1.size', got: '-1' },
    ],
    [
      { ...given, list: [5] },
      { kind: 'no_object', path: 'list.0', got: 'a value of type number' },
    ],
    [
      { ...given, list: [{ weight: 1 }] },
      { kind: 'unknown', path: 'list.0', name: 'weight', known: ['size'] },
    ],
    // A value that is wrong is told before a name that is not known.
    [{ other: 1, count: 0, must: true }, { path: 'count' }],
    [
      { ...given, other: 1 },
      { kind: 'unknown', path: '', name: 'other' },
    ],
    [JSON.parse('{"must":true,"__proto__":1}'), { kind: 'unknown', name: '__proto__' }],
    [[], { kind: 'no_object', path: '', got: 'an array' }],
    [null, { kind: 'no_object', path: '', got: 'null' }],
  ])('find the first fault of %j', (options, fault) => {
    if (fault === undefined) expect(faultIn(options, rules)).toBeUndefined()
    else expect(faultIn(options, rules)).toMatchObject(fault as object)
  })

  it('find a fault or none for any options, and never throw', () => {
    fc.assert(fc.property(fc.anything(), (options) => void faultIn(options, clientRules)))
    fc.assert(
      fc.property(
        fc.record({ must: fc.boolean(), count: fc.integer(), mode: fc.string(), list: fc.array(fc.anything()) }),
        (options) => {
          const fault = faultIn(options, rules)
          if (fault === undefined) expect(copyByRules(options, rules)).toEqual(options)
        },
      ),
    )
  })

  it('copy objects that have rows, and keep all other values', () => {
    const options = { must: true, times: { waitMs: 1 }, list: [{ size: 1 }], count: undefined }
    const copy = copyByRules(options, rules)
    expect(copy).toStrictEqual({ must: true, times: { waitMs: 1 }, list: [{ size: 1 }] })
    expect(copy.times).not.toBe(options.times)
    expect(copy.list[0]).not.toBe(options.list[0])
    const clock = { now: () => 0 }
    expect(copyByRules({ clock }, clientRules).clock).toBe(clock)
  })

  it('accept the default that they give', () => {
    const faults = (all: AnyRules, path: string): string[] =>
      Object.entries(all).flatMap(([name, rule]) => [
        ...(rule.default === undefined || rule.test(rule.default) ? [] : [`${path}${name}`]),
        ...faults(rule.fields ?? rule.each ?? {}, `${path}${name}.`),
      ])
    expect(faults(clientRules, '')).toEqual([])
    expect(faults({ wrong: { ...whole(1), default: 0 } }, '')).toEqual(['wrong'])
  })
})
