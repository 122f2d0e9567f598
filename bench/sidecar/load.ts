import { type Agent, request as ask, type ClientRequest } from 'node:http'

const BODY = JSON.stringify({ model: 'bench', input: 'hi', stream: true, store: false })

/** Where the load goes, and what each stream is to be. */
export interface Wanted {
  readonly port: number
  readonly events: number
  readonly everyMs: number
  readonly agent: Agent
}

interface Seen {
  /** From the request to the first event. Milliseconds. */
  readonly firstMs: number
  /** From the endpoint to here, of each event. Milliseconds. */
  readonly eventMs: readonly number[]
}

/** One stream, read to its end, or to its first event where it never ends. */
export function stream({ port, events, everyMs, agent }: Wanted): Promise<Seen & { readonly request: ClientRequest }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    let firstMs = 0
    const eventMs: number[] = []
    let text = ''
    const request = ask(
      {
        host: '127.0.0.1',
        port,
        agent,
        method: 'POST',
        path: '/v1/responses',
        headers: {
          'content-type': 'application/json',
          'content-length': BODY.length,
          authorization: 'Bearer bench',
          'x-events': String(events),
          'x-every-ms': String(everyMs),
        },
      },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`))
        response.setEncoding('latin1').on('data', (chunk: string) => {
          const now = performance.timeOrigin + performance.now()
          text += chunk
          for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
            const at = /"at":([\d.]+)/.exec(text.slice(0, end))?.[1]
            text = text.slice(end + 2)
            if (at === undefined) continue
            if (eventMs.length === 0) firstMs = performance.now() - startedAt
            eventMs.push(now - Number(at))
            if (events === 0) resolve({ firstMs, eventMs, request })
          }
        })
        response.once('end', () => {
          if (eventMs.length === events) resolve({ firstMs, eventMs, request })
          else reject(new Error(`${eventMs.length} events of ${events}`))
        })
        response.once('error', reject)
      },
    )
    request.once('error', (error) => reject(error))
    request.end(BODY)
  })
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
