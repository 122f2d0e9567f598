/**
 * A cache for other clients: here one HTTP/2 session for each tool server.
 *
 * A session that fails gets no new users, and is closed after its last one. Whoever is using it at that time finishes.
 */
import { type ClientHttp2Session, connect } from 'node:http2'
import { ClientCache } from 'resilient-responses'

export function createToolClient() {
  const sessions = new ClientCache<ClientHttp2Session>({
    create: (origin) => {
      const session = connect(origin)
      // A session without a listener would end the process.
      session.on('error', () => {})
      return session
    },
    isUsable: (session) => !session.closed && !session.destroyed,
    destroy: (session) => session.close(),
    maxEntries: 20,
    idleTtlMs: 60_000,
  })
  return {
    sessions,
    async get(origin: string, path: string): Promise<string> {
      using lease = await sessions.acquire(origin)
      try {
        return await read(lease.client, path)
      } catch (error) {
        lease.poison('a request failed')
        throw error
      }
    },
    close: () => sessions.close(),
  }
}

function read(session: ClientHttp2Session, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path })
    let text = ''
    stream.setEncoding('utf8')
    stream.on('data', (piece: string) => {
      text += piece
    })
    stream.on('end', () => resolve(text))
    stream.on('error', reject)
  })
}
