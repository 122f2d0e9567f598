import { expect, it } from 'vitest'
import { sentJson } from '../support/typed.ts'
import { withClient } from './support/play.ts'
import { socketServer } from './support/socket-server.ts'
import { answered, said, turn } from './support/turns.ts'

// The API takes an item with an id alone for an `item_reference`: its type is optional, and may be null.

it('an item without a type and a role is a reference, so the body is sent whole', async () => {
  for (const reference of [
    { id: 'msg_9' },
    { id: 'msg_9', type: null },
    { id: 'msg_9', type: null, role: null },
    { id: 'msg_9', type: 'item_reference' },
  ]) {
    for (const place of ['first', 'second']) {
      await using server = await socketServer({
        onMessage: (socket, _message, number) => socket.say(...turn(`resp_${number}`)),
      })
      await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
        const ask = (input: readonly object[]) =>
          client.responses.stream({ model: 'gpt-5', store: false, input: sentJson(input) }).finalResponse()
        const first = place === 'first' ? [said('a'), reference] : [said('a')]
        await ask(first)
        await ask([...first, answered('Hi'), ...(place === 'first' ? [said('b')] : [reference])])
      })
      expect(server.messages[1]?.previous_response_id).toBeUndefined()
      expect(server.messages[1]?.input).toHaveLength(place === 'first' ? 4 : 3)
    }
  }
})
