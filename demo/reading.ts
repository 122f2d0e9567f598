import { createParser } from 'eventsource-parser'

export interface Answer {
  readonly text: string
  /** The answer's last event came. */
  readonly complete: boolean
}

/** Reads the answer out of an event stream, as code that talks to the API does: deltas in, an error thrown, the end is the end. */
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
