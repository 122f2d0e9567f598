import { describe, expect, it } from 'vitest'
import { framesOf } from '../../../src/transport/websocket/message.ts'
import { Outbox } from '../../../src/transport/websocket/outbox.ts'

const MIB = 1024 * 1024

interface Told {
  readonly outbox: Outbox
  readonly chunks: string[]
  readonly events: string[]
  onChunk: (() => void) | undefined
}

function outbox(): Told {
  const told: { -readonly [Name in keyof Told]: Told[Name] } = {
    chunks: [],
    events: [],
    onChunk: undefined,
    outbox: new Outbox({
      handOver(chunk) {
        told.chunks.push(chunk.toString())
        told.onChunk?.()
      },
      onFull: () => void told.events.push('full'),
      onSpace: () => void told.events.push('space'),
      onEmpty: () => void told.events.push('empty'),
    }),
  }
  return told
}

const message = (text: string): Buffer => Buffer.from(text)

describe('the output of a response on a socket', () => {
  it('hands over all messages of one socket read as one chunk, right after the read', async () => {
    const told = outbox()
    for (const text of ['{"a":1}', '{"b":2}']) told.outbox.add(message(text))
    expect(told.chunks).toEqual([])
    await undefined
    expect(told.chunks).toEqual(['data: {"a":1}\n\ndata: {"b":2}\n\n'])
    told.outbox.add(message('{"c":3}'))
    await undefined
    expect(told.chunks.slice(1)).toEqual(['data: {"c":3}\n\n'])
  })

  it('hands over what was gathered before bytes that go as they are, and at once where that is asked for', async () => {
    const told = outbox()
    told.outbox.add(message('{"a":1}'))
    told.outbox.put(message('{"error":{}}'))
    told.outbox.add(message('{"b":2}'))
    told.outbox.flush()
    expect(told.chunks).toEqual(['data: {"a":1}\n\n', '{"error":{}}', 'data: {"b":2}\n\n'])
    await undefined
    expect(told.chunks).toHaveLength(3)
  })

  it('holds chunks in order while it is paused, also those that were gathered before', async () => {
    const told = outbox()
    told.outbox.add(message('1'))
    told.outbox.pause()
    await undefined
    told.outbox.add(message('2'))
    await undefined
    expect(told.chunks).toEqual([])
    expect(told.outbox.isEmpty).toBe(false)
    told.onChunk = () => told.outbox.pause()
    told.outbox.resume()
    expect(told.chunks).toEqual(['data: 1\n\n'])
    expect(told.events).toEqual([])
    told.onChunk = undefined
    told.outbox.resume()
    expect(told.chunks).toEqual(['data: 1\n\n', 'data: 2\n\n'])
    expect(told.events).toEqual(['space', 'empty'])
    expect(told.outbox.isEmpty).toBe(true)
  })

  it('is full at 4 MiB, and hands over nothing after it was cleared', async () => {
    const told = outbox()
    told.outbox.pause()
    told.outbox.put(Buffer.alloc(4 * MIB - 1))
    expect(told.events).toEqual([])
    told.outbox.put(Buffer.alloc(1))
    expect(told.events).toEqual(['full'])
    told.outbox.add(message('1'))
    told.outbox.clear()
    await undefined
    told.outbox.resume()
    expect(told.chunks).toEqual([])
  })
})

describe('messages as frames of an event stream', () => {
  const framed = (...texts: string[]): string => framesOf(texts.map(message)).toString()

  it('have one data line each, and one for each line of JSON that is printed over several lines', () => {
    expect(framed('{"a":1}')).toBe('data: {"a":1}\n\n')
    expect(framed('{"a":1}', '{\n"b":2}', '{"c":\r\n3}', '{"d":\r4}', '')).toBe(
      'data: {"a":1}\n\ndata: {\ndata: "b":2}\n\ndata: {"c":\ndata: 3}\n\ndata: {"d":\ndata: 4}\n\ndata: \n\n',
    )
  })

  it('keep every byte that is no line end', () => {
    const bytes = Buffer.from([0, 1, 0xff, 0xc3, 0xa4, 9])
    expect(framesOf([bytes, bytes])).toEqual(
      Buffer.concat([message('data: '), bytes, message('\n\ndata: '), bytes, message('\n\n')]),
    )
  })
})
