import { describe, expect, it } from 'vitest'
import { isSideType, kindOf } from '../../../src/transport/websocket/message.ts'

const kind = (text: string) => kindOf(Buffer.from(text))

describe('the kind of a message', () => {
  it('is that of its type, whatever the message before was', () => {
    const delta = '{"type":"response.output_text.delta","delta":"a"}'
    const other = '{"type":"response.output_text.done","text":"a"}'
    const longer = '{"type":"response.output_text.delta.x","delta":"a"}'
    const completed = '{"type":"response.completed","response":{"id":"r"}}'
    for (let round = 0; round < 2; round++) {
      for (const [text, type] of [
        [delta, 'response.output_text.delta'],
        [delta, 'response.output_text.delta'],
        [other, 'response.output_text.done'],
        [longer, 'response.output_text.delta.x'],
      ] as const) {
        expect(kind(text)).toEqual({ type, json: undefined })
      }
      expect(kind(completed)).toEqual({ type: 'response.completed', json: JSON.parse(completed) })
    }
  })

  it('is parsed where the type alone does not say enough, and unknown where there is no object with a type', () => {
    expect(kind('{"delta":"a","type":"response.output_text.delta"}')?.json).toEqual({
      delta: 'a',
      type: 'response.output_text.delta',
    })
    expect(kind('{"type":"response.output_text.delta"}')?.type).toBe('response.output_text.delta')
    for (const text of ['', '{', '[]', '"text"', '{"type":1}', '{"type":"err']) expect(kind(text)).toBeUndefined()
  })

  it('is aside for types of the account, of the socket, and unknown ones, in any order', () => {
    const aside = { 'codex.rate_limits': true, 'response.created': false, keepalive: true, 'response.steer.x': true }
    for (let round = 0; round < 2; round++)
      for (const [type, is] of Object.entries(aside)) expect(isSideType(type), type).toBe(is)
  })
})
