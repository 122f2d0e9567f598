import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Message, Order } from './messages.ts'

/** The endpoint: killed at any moment and begun anew at the same port. */
export class Endpoint {
  readonly #seed: number
  #process: ChildProcess
  restarts = 0
  readonly port: number

  private constructor(process: ChildProcess, seed: number, port: number) {
    this.#process = process
    this.#seed = seed
    this.port = port
  }

  static async start(seed: number): Promise<Endpoint> {
    const process = spawnServer({ seed })
    return new Endpoint(process, seed, await portOf(process))
  }

  async restart(): Promise<void> {
    await this.stop()
    this.#process = spawnServer({ seed: this.#seed + ++this.restarts, port: this.port })
    await portOf(this.#process)
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }
}

/** Runs the clients to their end. @returns the exit code; not 0 also where they never said that they were over. */
export async function runClients(order: Order, onMessage: (message: Message) => void): Promise<number | null> {
  const child = fork(new URL('./client.ts', import.meta.url), [JSON.stringify(order)], {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
  })
  child.on('message', (message: Message) => {
    onMessage(message)
    // An idle client must not keep its process alive; the channel to this one does.
    if ('over' in message) child.disconnect()
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

function spawnServer(options: { readonly seed: number; readonly port?: number }): ChildProcess {
  return fork(new URL('./server.ts', import.meta.url), [JSON.stringify(options)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
}

async function portOf(process: ChildProcess): Promise<number> {
  const [{ port }] = (await once(process, 'message')) as [{ port: number }]
  return port
}
