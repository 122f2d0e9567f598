import type { SocketEnd } from './wire.ts'

/** A close code of RFC 6455: the message is larger than the receiver takes. */
export const TOO_LARGE = 1009

/** The error that a transport reports for the end of a socket. */
export function errorOfEnd(end: SocketEnd): Error {
  switch (end.kind) {
    case 'failed':
      return end.error
    case 'refused':
      return codedError(
        'ERR_RESILIENT_UPGRADE_REFUSED',
        `the endpoint answered the upgrade to a WebSocket with ${end.status}${end.status === 101 ? ', and not as the protocol asks' : ''}`,
        { upgradeStatus: end.status },
      )
    case 'closed':
      return codedError('ERR_RESILIENT_SOCKET_CLOSED', `the endpoint closed the WebSocket (code ${end.code})`, {
        closeCode: end.code,
      })
  }
}

/** An event arrived that belongs to another response. */
export function foreignEvent(type: string): Error {
  // The endpoint chose this text, so it is repeated only if it looks like a type.
  const name = /^[\w.]{1,64}$/.test(type) ? ` (${type})` : ''
  return codedError('ERR_RESILIENT_FOREIGN_EVENT', `the WebSocket brought an event of another response${name}`)
}

/** The message is larger than the server announced to accept. Nothing was sent. */
export function messageTooLarge(bytes: number, most: number): Error {
  return codedError(
    'ERR_RESILIENT_SOCKET_CLOSED',
    `the message of ${bytes} bytes is larger than the endpoint takes (${most})`,
    { closeCode: TOO_LARGE },
  )
}

/** The endpoint sends pings faster than their answers can be written. */
export function tooManyPings(): Error {
  return codedError('WS_ERR_TOO_MANY_PINGS', 'the endpoint sent more pings than could be answered')
}

function codedError(code: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more })
}
