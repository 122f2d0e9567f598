import { createParser } from 'eventsource-parser'

export interface Answer {
  readonly text: string
  /** Whether the last event of the answer came. */
  readonly complete: boolean
}

/**
 * Reads the answer from an event stream as typical API code does: collects deltas, throws errors, and accepts any end.
 */
export async function readAnswer(response: Response, onFirstEvent: () => void): Promise<Answer> {
  if (response.body === null) throw new Error('the answer has no body')
  let text = ''
  let complete = false
  let heard = false
  const parser = createParser({
    onEvent({ data }) {
      if (!heard) onFirstEvent()
      heard = true
      const event = JSON.parse(data)
      if (event.type === 'response.output_text.delta') text += event.delta
      else if (event.type === 'response.completed') complete = true
      else if (event.type === 'error' || event.type === 'response.failed') {
        const error = event.error ?? event.response?.error
        throw new Error(error?.message ?? 'the response failed', { cause: { code: error?.code } })
      }
    },
  })
  const decoder = new TextDecoder()
  for await (const chunk of response.body) parser.feed(decoder.decode(chunk, { stream: true }))
  return { text, complete }
}
