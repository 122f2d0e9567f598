import { LAST_CHUNK } from '../../support/endpoint.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import type { BodyAct } from './acts.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'

/** Answers every request with these bytes, each piece in a chunk and a write of its own. */
export function answeringWith({ body, pieceBytes = body.length }: BodyAct, headers = '') {
  return (_request: unknown, connection: RawConnection): void => {
    connection.write(`${HEAD}${headers}transfer-encoding: chunked\r\n\r\n`)
    for (let at = 0; at < body.length; at += pieceBytes) {
      const piece = body.subarray(at, at + pieceBytes)
      connection.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
    }
    connection.write(LAST_CHUNK)
  }
}
