/**
 * A stop button: the text so far stays, the connection is freed at once, and stopping is not an error.
 */
import type { ResilientClient } from 'resilient-responses'

/** Why the button ended the answer. Compare with `===`: an abort rejects with this very object. */
const STOPPED = new Error('stopped by the user')

export interface Answer {
  readonly text: string
  readonly stopped: boolean
}

export function startAnswer(client: ResilientClient, params: { readonly model: string; readonly input: string }) {
  const button = new AbortController()
  let text = ''
  const read = async (): Promise<Answer> => {
    try {
      for await (const event of client.responses.stream(params, { signal: button.signal })) {
        if (event.type === 'response.output_text.delta') text += event.delta
      }
      return { text, stopped: false }
    } catch (error) {
      if (error === STOPPED) return { text, stopped: true }
      throw error
    }
  }
  return {
    done: read(),
    /** What has been written so far. */
    text: () => text,
    stop: () => button.abort(STOPPED),
  }
}
