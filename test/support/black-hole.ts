import net from 'node:net'
import { clientSockets } from './proc-net.ts'
import { until } from './until.ts'

export interface BlackHole extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

/**
 * An address on this machine where a SYN is never answered: a listener whose queue is full and that nobody accepts from.
 * Only a process of its own can keep Node from accepting: the loop of this one is stopped.
 */
export async function blackHole(): Promise<BlackHole> {
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, ['-e', LISTEN_AND_STOP], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())))
    child.once('exit', () => reject(new Error('the black hole did not open')))
  })
  // Those that are let into the queue before it is full.
  const fillers: net.Socket[] = []
  for (let full = false; !full; full = (clientSockets(port).SYN_SENT ?? 0) > 0) {
    const before = fillers.length
    fillers.push(net.connect({ host: '127.0.0.1', port }).on('error', () => {}))
    await until(() => settled(port) > before, 'the kernel has said yes or nothing')
  }
  for (const filler of fillers) if (filler.connecting) filler.destroy()
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy()
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Listens with the shortest queue there is, says where, and never runs its event loop again. */
const LISTEN_AND_STOP = `
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
`

function settled(port: number): number {
  const { ESTABLISHED = 0, SYN_SENT = 0 } = clientSockets(port)
  return ESTABLISHED + SYN_SENT
}
