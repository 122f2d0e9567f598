import { describe, expect, it } from 'vitest'
import { sentJson } from '../support/typed.ts'
import { withClient } from './support/play.ts'
import { socketServer } from './support/socket-server.ts'
import { answered, said, turn } from './support/turns.ts'

// The items of the events and the output at the end are two statements of one output. Where they differ, the endpoint knows at
// most one of them.

const REASONING = { id: 'rs_1', type: 'reasoning', summary: [] }

/** Whether the second turn, with `repeated` in its history, went up as an increment. */
async function isIncrement(items: readonly object[], stated: readonly object[], repeated: readonly object[]) {
  await using server = await socketServer({
    onMessage: (socket, _message, number) =>
      socket.say(...(number === 1 ? turn('resp_1', items, stated) : turn(`resp_${number}`))),
  })
  await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
    const body = { model: 'gpt-5', store: false } as const
    await client.responses.stream({ ...body, input: [said('a')] }).finalResponse()
    const input = [said('a'), ...repeated, said('b')]
    await client.responses.stream({ ...body, input: sentJson(input) }).finalResponse()
  })
  return server.messages[1]?.previous_response_id === 'resp_1'
}

describe('two outputs of one response', () => {
  it('prevent an increment if they disagree, whichever the caller repeats', async () => {
    const [a, b] = [answered('A', 'msg_1'), answered('B', 'msg_1')]
    const [one, two] = [answered('1', 'msg_1'), answered('2', 'msg_2')]
    const renamed = answered('A', 'msg_9')
    const unlike = { ...REASONING, encrypted_content: 'x', summary: [{ type: 'summary_text', text: 'Other.' }] }
    for (const [items, stated] of [
      [[a], [b]],
      [[a], [renamed]],
      [
        [one, two],
        [two, one],
      ],
      [[{ ...REASONING, encrypted_content: 'x' }], [unlike]],
    ] as const) {
      expect(await isIncrement(items, stated, items)).toBe(false)
      expect(await isIncrement(items, stated, stated)).toBe(false)
    }
  })

  it('allow an increment if they differ only in optional fields and in the encryption of reasoning', async () => {
    const { id: _id, status: _status, ...bare } = answered('A')
    const [x, y] = ['x', 'y'].map((encrypted_content) => ({ ...REASONING, encrypted_content }))
    for (const [items, stated] of [
      [[answered('A')], [bare]],
      [[x as object], [y as object]],
    ] as const) {
      expect(await isIncrement(items, stated, items)).toBe(true)
      expect(await isIncrement(items, stated, stated)).toBe(true)
    }
  })
})
