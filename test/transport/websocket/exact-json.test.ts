import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { survivesRewriting } from '../../../src/transport/websocket/exact-json.ts'

describe('whether JSON keeps its meaning when it is parsed and written again', () => {
  it.each([
    '{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}',
    '"a\\"b,{"',
    '[1.5,-0,1e3,9007199254740991,"9007199254740993"]',
    '{"a\\\\":1,"a":2}',
    '[]',
    'null',
    `{"a":"${'\\\\'.repeat(50)}","b":"{\\"a\\":1,\\"a\\":2}"}`,
  ])('%s does', (text) => {
    JSON.parse(text)
    expect(survivesRewriting(text)).toBe(true)
  })

  it.each([
    ['a key that is named twice', '{"a":1,"a":2}'],
    ['a key that is named twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['a key that is named twice, deep', '[{"b":[{"x":{},"y":[],"x":1}]}]'],
    [
      'a key that is named twice among many',
      `{${Array.from({ length: 40 }, (_, i) => `"k${i}":${i}`).join(',')},"k3":0}`,
    ],
    ['an integer beyond those that are exact', '{"id":9007199254740993}'],
    ['a number beyond all numbers', '[1e400]'],
    ['a large integer in another notation', '[9.007199254740993e15]'],
  ])('%s does not', (_what, text) => {
    JSON.parse(text)
    expect(survivesRewriting(text)).toBe(false)
  })

  it('is true for everything that JSON.stringify makes of safe numbers', () => {
    const safe = fc.jsonValue({ maxDepth: 5 }).filter((value) => !JSON.stringify(value).match(/e\+|\d{16}/))
    fc.assert(
      fc.property(safe, fc.constantFrom(0, 2), (value, indent) =>
        survivesRewriting(JSON.stringify(value, null, indent)),
      ),
    )
  })

  it('is false as soon as a key of any object is doubled', () => {
    const key = fc.string({ minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(key, fc.array(key, { maxLength: 30 }), (doubled, others) => {
        const entries = [doubled, ...new Set(others.filter((other) => other !== doubled)), doubled]
        const text = `[{"x":{${entries.map((name) => `${JSON.stringify(name)}:[]`).join(',')}}}]`
        expect(survivesRewriting(text)).toBe(false)
      }),
    )
  })
})
