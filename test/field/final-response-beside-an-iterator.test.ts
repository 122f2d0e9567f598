import { describe, expect, it } from 'vitest'
import { fieldServer, streamAnswer } from './support/field-server.ts'
import { HELLO_BODY } from './support/hello.ts'
import { added, broken, created, delta } from './support/kept.ts'
import { ASKED, withClient } from './support/play.ts'

describe('finalResponse() beside a paused iteration', () => {
  it('reads the rest, and the iterator still gets every event', async () => {
    await using server = await fieldServer([streamAnswer(HELLO_BODY)])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const stream = client.responses.stream(ASKED)
      const iterator = stream[Symbol.asyncIterator]()
      const types = [(await iterator.next()).value?.type]
      expect((await stream.finalResponse()).output_text).toBe('Hi')
      expect(await stream.outputText()).toBe('Hi')
      for await (const event of iterator) types.push(event.type)
      expect(types).toEqual([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.output_text.delta',
        'response.output_item.done',
        'response.completed',
      ])
    })
  })

  it('settles if it is awaited inside the loop, called before the iteration, or called while a read is pending', async () => {
    await using server = await fieldServer([streamAnswer(HELLO_BODY)])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const inLoop = client.responses.stream(ASKED)
      let events = 0
      for await (const _ of inLoop) {
        events++
        expect((await inLoop.finalResponse()).output_text).toBe('Hi')
      }
      expect(events).toBe(6)
      const before = client.responses.stream(ASKED)
      const asked = before.finalResponse()
      await before[Symbol.asyncIterator]().next()
      expect((await asked).output_text).toBe('Hi')
      const pending = client.responses.stream(ASKED)
      const first = pending[Symbol.asyncIterator]().next()
      const whole = pending.finalResponse()
      expect((await first).value?.type).toBe('response.created')
      expect((await whole).output_text).toBe('Hi')
    })
  })

  it('rejects with the failure, which the iterator gets after the events before it', async () => {
    await using server = await fieldServer([broken(created(0), added(1), delta(2, 'half'))])
    await withClient({ baseURL: server.baseURL, maxRetries: 0 }, async (client) => {
      const stream = client.responses.stream(ASKED)
      const iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
      await expect(stream.finalResponse()).rejects.toMatchObject({
        code: 'stream_incomplete',
        partial: { text: 'half' },
      })
      expect((await iterator.next()).value?.type).toBe('response.output_item.added')
      expect((await iterator.next()).value?.type).toBe('response.output_text.delta')
      await expect(iterator.next()).rejects.toMatchObject({ code: 'stream_incomplete' })
    })
  })

  it('loses nothing if the iterator is left afterwards, and drops the kept events on an abort', async () => {
    await using server = await fieldServer([streamAnswer(HELLO_BODY)])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const left = client.responses.stream(ASKED)
      const iterator = left[Symbol.asyncIterator]()
      await iterator.next()
      await left.finalResponse()
      await iterator.return()
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
      expect((await left.finalResponse()).output_text).toBe('Hi')
    })
    await using slow = await fieldServer([
      { bytes: `HTTP/1.1 200 Field\r\ncontent-type: text/event-stream\r\n\r\n${HELLO_BODY.slice(0, -400)}` },
    ])
    await withClient({ baseURL: slow.baseURL }, async (client) => {
      const stream = client.responses.stream(ASKED)
      const iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
      const whole = stream.finalResponse()
      const reason = new Error('enough')
      stream.abort(reason)
      await expect(whole).rejects.toBe(reason)
    })
  })
})
