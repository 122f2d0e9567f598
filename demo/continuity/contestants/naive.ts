import { createParser } from 'eventsource-parser'
import { type Answer, CALL_HEADER, type Contestant, GIVE_UP_MS, type TurnRequest } from '../contestant.ts'

/**
 * An agent with a proxy that reports a lost connection as a lost conversation. The proxy keeps the upstream sessions.
 * When the connection of one dies, it does not find the session any more and answers `400 previous_response_not_found`,
 * which the endpoint never said. The agent believes it. Both are combined here.
 */
export function naive(baseURL: string): Contestant {
  return {
    name: 'naive',
    async ask(request, call, signal) {
      try {
        return await post(baseURL, request, call, signal)
      } catch (error) {
        if (signal.aborted || request.previous_response_id === undefined) throw error
        const message = `Previous response with id '${request.previous_response_id}' not found.`
        throw Object.assign(new Error(message, { cause: error }), { status: 400, code: 'previous_response_not_found' })
      }
    },
    // The built-in fetch has nothing to close.
    close: async () => {},
  }
}

async function post(baseURL: string, request: TurnRequest, call: string, signal: AbortSignal): Promise<Answer> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(new Error('no answer in time')), GIVE_UP_MS)
  try {
    const response = await fetch(`${baseURL}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [CALL_HEADER]: call },
      body: JSON.stringify({ ...request, stream: true }),
      signal: AbortSignal.any([signal, stop.signal]),
    })
    clearTimeout(timer)
    if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`)
    return await readAnswer(response)
  } finally {
    clearTimeout(timer)
  }
}

async function readAnswer({ body }: Response): Promise<Answer> {
  let answer: Answer | undefined
  const parser = createParser({
    onEvent({ data }) {
      const event = JSON.parse(data)
      if (event.type === 'response.completed') answer = event.response
    },
  })
  const decoder = new TextDecoder()
  for await (const chunk of body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
  if (answer === undefined) throw new Error('the stream ended without an answer')
  return answer
}
