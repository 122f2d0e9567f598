import type { Socket } from 'node:net'

/** The socket's owner, which gets what the socket reads. */
export const RECEIVER = Symbol('receiver')

export interface Receiver {
  /**
   * @param bytes never empty. The receiver may keep them.
   * @returns `false`: the socket stops reading until its next `read()`.
   */
  receive(bytes: Buffer): boolean
}

/** As much as Node reads at once. One buffer for all sockets, because the bytes are copied before any socket reads again. */
const shared = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * An option of `net.connect` and `tls.connect`: the socket reads into the shared buffer and gives a copy to its receiver at once.
 * Otherwise Node allocates 64 KB for each read and passes the bytes through the socket's stream, which tells its reader in a
 * later tick. With events that come one by one that takes a fifth of the CPU.
 *
 * A socket without a receiver passes the bytes through its stream.
 */
export const directRead = {
  buffer: shared,
  /** Node calls it as a method of the socket. So all sockets share one function. */
  callback(this: unknown, length: number): boolean {
    const socket = this as Socket & { readonly [RECEIVER]?: Receiver }
    const bytes = Buffer.allocUnsafe(length)
    shared.copy(bytes, 0, 0, length)
    const receiver = socket[RECEIVER]
    return receiver === undefined ? socket.push(bytes) : receiver.receive(bytes)
  },
}
