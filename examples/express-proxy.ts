/**
 * A proxy with Express: browsers call it, and it calls the endpoint.
 *
 * When the browser leaves, the call to the endpoint is aborted, so that no tokens are generated for a closed page. Text is
 * sent piece by piece, and a slow browser slows the endpoint down.
 */
import { once } from 'node:events'
import express, { type Express } from 'express'
import { isResilientError, type ResilientClient } from 'resilient-responses'

export function createProxy(client: ResilientClient, model: string): Express {
  const app = express()
  app.use(express.json())
  app.post('/chat', async (request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort(new Error('the browser left')))
    try {
      const stream = client.responses.stream({ model, input: String(request.body.text) }, { signal: gone.signal })
      for await (const event of stream) {
        if (event.type !== 'response.output_text.delta') continue
        if (!response.headersSent) response.type('text/plain').flushHeaders()
        if (!response.write(event.delta)) await once(response, 'drain', { signal: gone.signal })
      }
      response.end()
    } catch (error) {
      if (gone.signal.aborted) return
      const status = isResilientError(error, 'http_status') ? 502 : 504
      // After the first piece there is no status left to set: break the connection, so that the browser sees an error.
      if (response.headersSent) response.destroy()
      else response.status(status).json({ error: isResilientError(error) ? error.code : 'internal' })
    }
  })
  return app
}
