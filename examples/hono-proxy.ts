/**
 * The same proxy with Hono: the answer is a web stream, and its `cancel` ends the call to the endpoint.
 */
import { Hono } from 'hono'
import { isResilientError, type ResilientClient } from 'resilient-responses'

export function createProxy(client: ResilientClient, model: string): Hono {
  const app = new Hono()
  app.post('/chat', async (context) => {
    const { text } = await context.req.json<{ text: string }>()
    const stream = client.responses.stream({ model, input: text }, { signal: context.req.raw.signal })
    const events = stream[Symbol.asyncIterator]()
    /** The next piece of text, or `undefined` at the end. */
    const nextPiece = async (): Promise<string | undefined> => {
      for (;;) {
        const { value, done } = await events.next()
        if (done) return undefined
        if (value.type === 'response.output_text.delta') return value.delta
      }
    }
    let first: string | undefined
    try {
      // Before the first piece a failure still has a status.
      first = await nextPiece()
    } catch (error) {
      return context.json({ error: isResilientError(error) ? error.code : 'internal' }, 502)
    }
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = first ?? (await nextPiece())
        first = undefined
        if (piece === undefined) controller.close()
        else controller.enqueue(encoder.encode(piece))
      },
      cancel: () => stream.abort(),
    })
    return new Response(body, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
  })
  return app
}
