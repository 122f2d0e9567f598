import { describe, expect, it } from 'vitest'
import { needsHttp, readCreate, wholeBytes, wholeMessage } from '../../src/call/socket-body.ts'
import type { HeaderPairs } from '../../src/transport/transport.ts'

const read = (text: string, headers: HeaderPairs = []) =>
  readCreate({ kind: 'bytes', bytes: Buffer.from(text) }, headers)

function created(text: string) {
  const body = read(text)
  if (body === undefined) throw new Error(`not read: ${text}`)
  return body
}

describe('the body of a request for a socket', () => {
  it('is a JSON object, in a known coding', () => {
    expect(read('{"a":[1]}')).toEqual({ text: '{"a":[1]}', json: { a: [1] } })
    for (const text of ['', '[]', 'null', '5', '"{}"', '{']) expect(read(text)).toBeUndefined()
    expect(read('{}', [['content-encoding', 'x-none']])).toBeUndefined()
    expect(read('{}', [['content-encoding', 'gzip']])).toBeUndefined()
    expect(readCreate({ kind: 'none' }, [])).toBeUndefined()
  })

  it.each([
    ['{}', '{"type":"response.create"}'],
    [' { } ', '{"type":"response.create" } '],
    ['{\n}', '{"type":"response.create"\n}'],
    ['{"a":1}', '{"type":"response.create","a":1}'],
    ['{"a":{ }}', '{"type":"response.create","a":{ }}'],
    ['\n{ "ä": "{}" }', '{"type":"response.create", "ä": "{}" }'],
  ])('%j is a message byte for byte', (text, message) => {
    expect(wholeMessage(created(text)).toString()).toBe(message)
    expect(JSON.parse(message)).toEqual({ type: 'response.create', ...JSON.parse(text) })
    // The comma that an empty object does not need counts, too, and so does white space around the object.
    expect(wholeBytes(created(text))).toBeGreaterThanOrEqual(Buffer.byteLength(message))
  })

  it.each([
    ['{"background":true}', 'field:background'],
    ['{"background":"yes"}', 'field:background'],
    ['{"background":false}', undefined],
    ['{"background":null}', undefined],
    ['{"type":null}', 'field:type'],
    ['{"stream_id":1}', 'field:stream_id'],
    ['{"a":1,"a":2}', 'body'],
    ['{"a":9007199254740993}', 'body'],
    ['{"a":1}', undefined],
  ])('%s needs HTTP because of %s', (text, because) => {
    expect(needsHttp(created(text))).toBe(because)
  })
})
