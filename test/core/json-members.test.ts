import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withMembers } from '../../src/core/json-members.ts'

const streamed = (text: string) => withMembers(text, { stream: 'true' })

describe('withMembers', () => {
  it.each([
    ['adds a member first', '{"a":1}', '{"stream":true,"a":1}'],
    ['adds one to an object without members', ' { } ', ' {"stream":true} '],
    ['replaces a value where it stands', '{"a":1, "stream" : false , "b":2}', '{"a":1, "stream" :true, "b":2}'],
    ['replaces the value of each of several members', '{"stream":true,"stream":null}', '{"stream":true,"stream":true}'],
    ['reads escapes in a key', '{"\\u0073tream":false}', '{"\\u0073tream":true}'],
    ['replaces an object', '{"stream":{"stream":[{}]},"b":[]}', '{"stream":true,"b":[]}'],
    [
      'leaves inner members alone',
      '{"a":{"stream":false},"b":[{"stream":0}]}',
      '{"stream":true,"a":{"stream":false},"b":[{"stream":0}]}',
    ],
    [
      'leaves text in strings alone',
      '{"a":"\\",\\"stream\\":false}","b":"\\\\"}',
      '{"stream":true,"a":"\\",\\"stream\\":false}","b":"\\\\"}',
    ],
    [
      'keeps numbers, the order of keys and escapes',
      '{"n":9007199254740993,"m":1e400,"z":-0,"f":1.0,"o":{"10":1,"2":2},"s":"\\u00e9\\ud800"}',
      '{"stream":true,"n":9007199254740993,"m":1e400,"z":-0,"f":1.0,"o":{"10":1,"2":2},"s":"\\u00e9\\ud800"}',
    ],
  ])('%s', (_, text, expected) => {
    expect(streamed(text)).toBe(expected)
  })

  it.each([
    ['the first', '{"type":"x","a":1}', '{"a":1}'],
    ['the last', '{"a":1,"type":"x"}', '{"a":1}'],
    ['the only one', '{"type":{"type":1}}', '{}'],
    ['each of several', '{"type":1,"a":1,"type":2,"b":2}', '{"a":1,"b":2}'],
  ])('removes a member: %s', (_, text, expected) => {
    expect(withMembers(text, { type: undefined })).toBe(expected)
  })

  it('changes one member of any object, in any writing, and no other', () => {
    const key = fc.constantFrom('stream', 'streams', 'a"b', 'c\\', '', '10', '2', '__proto__')
    const object = fc.array(fc.tuple(key, fc.jsonValue()), { maxLength: 6 })
    fc.assert(
      fc.property(object, fc.constantFrom('', ' ', '\n\t'), (members, gap) => {
        const written = members.map(
          ([name, value]) => `${gap}${JSON.stringify(name)}${gap}:${gap}${JSON.stringify(value)}${gap}`,
        )
        const text = `${gap}{${written.join(',')}}${gap}`
        const expected = { ...(JSON.parse(text) as object), stream: true }
        expect(JSON.parse(streamed(text))).toEqual(expected)
      }),
    )
  })

  it('reads any depth', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(streamed(`{"a":${deep}}`)).toBe(`{"stream":true,"a":${deep}}`)
  })
})
