import { parentPort, workerData } from 'node:worker_threads'
import { toolCallStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { testCertificate } from '../../test/support/certificates.ts'
import { openLink } from './slow-link.ts'

/** The worker with the endpoint of an agent's turns: over TLS, at the far end of a link. Each question is answered by figures. */

export interface EndpointReady {
  /** Without the link. */
  readonly directPort: number
  readonly port: number
  /** PEM. */
  readonly ca: string
}

export interface EndpointFigures {
  /** What went up over the link, TLS included. */
  readonly bytesUp: number
  /** Turns by the transport on which they came. */
  readonly turns: { readonly http: number; readonly websocket: number }
}

/** JSON of the file that the model writes in a turn. */
const FILE_BYTES = 3500
export const ROUND_TRIP_MS = 50

const { key, cert } = testCertificate({ hosts: ['localhost', '127.0.0.1'] })
const server = await MockResponsesServer.start({
  tls: { key, cert },
  eventsPerWrite: Number.POSITIVE_INFINITY,
  respond: ({ number }) =>
    toolCallStream({
      id: `resp_${number}`,
      calls: [{ name: 'write_file', callId: `call_${number}`, arguments: { content: 'x'.repeat(FILE_BYTES) } }],
    }),
})
const { hasWindow } = workerData as { readonly hasWindow: boolean }
const link = await openLink(server.port, { roundTripMs: ROUND_TRIP_MS, hasWindow })
parentPort?.on('message', () => {
  const { http, websocket } = server.stats.byTransport
  const turns = { http: http.requests, websocket: websocket.requests }
  parentPort?.postMessage({ bytesUp: link.bytesUp, turns } satisfies EndpointFigures)
})
parentPort?.postMessage({ directPort: server.port, port: link.port, ca: cert } satisfies EndpointReady)
