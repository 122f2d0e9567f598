import { createHash } from 'node:crypto'
import type { RawConnection } from '../../support/raw-server.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Accepts an upgrade to WebSocket, and sends back the first short text that comes. */
export async function acceptUpgrade(connection: RawConnection): Promise<void> {
  const { header } = await connection.request()
  const key = header('sec-websocket-key')
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  connection.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  )
  // A frame of up to 125 bytes: two bytes, the mask, the text.
  const length = (): number => (connection.received[1] ?? 0) & 0x7f
  await connection.until(() => connection.received.length >= 6 + length() && length() > 0, 'a whole frame')
  const mask = connection.received.subarray(2, 6)
  const text = connection.received.subarray(6, 6 + length()).map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  connection.write(Buffer.concat([Buffer.from([0x81, text.length]), text]))
}
