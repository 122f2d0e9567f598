import { describe, expect, it } from 'vitest'
import type { TelemetryEvent } from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playOpenAI, playStream } from './support/play.ts'

const IN_PROGRESS = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }

/** Two messages of two deltas each. The terminal event has no output, as the Codex backend and gateways send it. */
function events(numbers: readonly (number | undefined)[]) {
  const message = (index: number, text: string) => {
    const at = { output_index: index, item_id: `msg_${index}` }
    const item = { id: `msg_${index}`, type: 'message', role: 'assistant', content: [] }
    const delta = (part: string) => ({ type: 'response.output_text.delta', ...at, content_index: 0, delta: part })
    return [
      { type: 'response.output_item.added', output_index: index, item },
      ...text.split('|').map(delta),
      {
        type: 'response.output_item.done',
        output_index: index,
        item: { ...item, content: [{ type: 'output_text', text: text.replace('|', ''), annotations: [] }] },
      },
    ]
  }
  return [
    { type: 'response.created', response: IN_PROGRESS },
    ...message(0, 'Good| day'),
    ...message(1, ', all| of you'),
    { type: 'response.completed', response: { ...IN_PROGRESS, status: 'completed' } },
  ].map((event, index) => {
    const number = numbers[index]
    return { ...event, ...(number !== undefined && { sequence_number: number }) }
  })
}

const TEXT = 'Good day, all of you'

describe.each([
  ['begin anew with the second output item', [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]],
  ['begin anew with every event', [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]],
  ['are shared by many events', [0, 1, 1, 1, 1, 5, 6, 6, 6, 9]],
  ['are the same for all events', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['fall', [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
  ['have one outlier that no count reaches', [0, 1, 2, 1e308, 4, 5, 6, 7, 8, 9]],
  ['have one outlier', [0, 1, 2, 4000, 4, 5, 6, 7, 8, 9]],
  ['have a negative one', [0, 1, 2, -1, 4, 5, 6, 7, 8, 9]],
  ['have a fraction', [0, 1, 2, 2.5, 3, 4, 5, 6, 7, 8]],
])('a stream whose sequence numbers %s', (_name, numbers) => {
  const sent = events(numbers)

  it('is handed over whole by the typed stream, create and openai', async () => {
    await using server = await fieldServer([streamAnswer(frames(...sent))])
    const { baseURL } = server

    const streamed = await playStream({ baseURL })
    expect(streamed.error).toBeUndefined()
    expect(streamed.events).toEqual(sent)
    expect(streamed.result?.output_text).toBe(TEXT)

    const created = await playCreate({ baseURL })
    expect(created.result?.output_text).toBe(TEXT)

    const hosted = await playOpenAI({ baseURL }, async (openai) => {
      let text = ''
      for await (const event of await openai.responses.create({ ...ASKED, stream: true }))
        if (event.type === 'response.output_text.delta') text += event.delta
      return text
    })
    expect(hosted.result).toBe(TEXT)
    expect(server.requests).toHaveLength(3)
  })
})

describe('telemetry of a stream whose numbers start again', () => {
  it('reports that once', async () => {
    const told: TelemetryEvent[] = []
    await using server = await fieldServer([streamAnswer(frames(...events([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])))])
    await playStream({ baseURL: server.baseURL, onEvent: (event) => told.push(event) })
    expect(told.filter(({ type }) => type === 'event_problem')).toEqual([
      expect.objectContaining({ problem: 'sequence_repeat', detail: '4 is followed by 0' }),
    ])
  })
})
