import { readFileSync } from 'node:fs'
import { until } from './until.ts'

/** The kernel's table of TCP sockets, as Linux shows it: what a process left behind is there, whatever Node says. */

const STATES = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
] as const

export type TcpState = (typeof STATES)[number]

interface TcpSocket {
  readonly state: TcpState
  readonly localPort: number
  readonly remotePort: number
  /** Whether a process still has it open; a socket that only waits for its end has no owner. */
  readonly owned: boolean
}

export const canReadProcNet = process.platform === 'linux'

/** Sockets over IPv4, to or from `port`. A look costs the kernel some milliseconds: it goes through all that it has. */
function tcpSockets(port: number): TcpSocket[] {
  const name = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  const rows = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .filter((row) => row.includes(name))
  const sockets = rows.map((row) => {
    const [, local = '', remote = '', state = '', , , , , , inode] = row.trim().split(/\s+/)
    const socket: TcpSocket = {
      state: STATES[Number.parseInt(state, 16) - 1] ?? 'CLOSE',
      localPort: portOf(local),
      remotePort: portOf(remote),
      owned: inode !== '0',
    }
    return [`${local} ${remote}`, socket] as const
  })
  // The table is not read at once: where it changes meanwhile, the kernel may show a socket twice.
  return [...new Map(sockets).values()]
}

/** Sockets of clients that lead to `port` and are still held open by somebody, by state. */
export function clientSockets(port: number): Partial<Record<TcpState, number>> {
  const count: Partial<Record<TcpState, number>> = {}
  for (const { remotePort, owned, state } of tcpSockets(port)) {
    if (remotePort === port && owned) count[state] = (count[state] ?? 0) + 1
  }
  return count
}

/** Waits until no client holds a socket to `port`. The server must not be what is waited for: it keeps its own side. */
export async function noClientSocketsLeft(port: number): Promise<void> {
  if (!canReadProcNet) return
  await until(
    () => Object.keys(clientSockets(port)).length === 0,
    () => `no client socket to port ${port} (left: ${JSON.stringify(clientSockets(port))})`,
  )
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}
