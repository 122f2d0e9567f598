import { createServer } from 'node:net'

/** Below the ports that systems give to `listen(0)` and to outgoing connections. */
const FIRST = 11_000
const COUNT = 20_000

/** Each process begins elsewhere. */
let next = (process.pid * 97) % COUNT

/**
 * Ports for programs that cannot choose one themselves. Between this look and their use no other process is given one of them.
 * @throws Error if fewer are free.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tries = 0; tries < COUNT && ports.length < count; tries++) {
    const port = FIRST + (next++ % COUNT)
    if (await isFree(port)) ports.push(port)
  }
  if (ports.length < count) throw new Error(`${ports.length} ports are free, ${count} are needed`)
  return ports
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
