import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, Order } from './messages.ts'

const FLAGS = ['--disable-warning=ExperimentalWarning']
/** While the endpoint is down, another program's connection may use its port for a moment. */
const TRIES = 20

/** The endpoint: killed at any time and restarted on the same port. */
export class Endpoint {
  readonly #seed: number
  #process: ChildProcess
  #changing = Promise.resolve()
  #stopped = false
  restarts = 0
  readonly port: number

  private constructor(process: ChildProcess, seed: number, port: number) {
    this.#process = process
    this.#seed = seed
    this.port = port
  }

  static async start(seed: number): Promise<Endpoint> {
    const { process, port } = await startServer({ seed })
    return new Endpoint(process, seed, port)
  }

  restart(): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      if (this.#stopped) return
      await this.#kill()
      const { process } = await startServer({ seed: this.#seed + ++this.restarts, port: this.port })
      this.#process = process
    })
    return this.#changing
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#changing
    await this.#kill()
  }

  async #kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }
}

/** Runs the clients to their end. @returns the exit code; not 0 if they never reported their end. */
export async function runClients(order: Order, onMessage: (message: Message) => void): Promise<number | null> {
  const child = fork(new URL('./client.ts', import.meta.url), [JSON.stringify(order)], {
    execArgv: ['--expose-gc', ...FLAGS],
  })
  child.on('message', (message: Message) => {
    onMessage(message)
    // An idle client must not keep its process alive, but this channel does.
    if ('over' in message) child.disconnect()
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

async function startServer(options: { readonly seed: number; readonly port?: number }) {
  for (let tries = 1; tries <= TRIES; tries++) {
    const process = fork(new URL('./server.ts', import.meta.url), [JSON.stringify(options)], {
      execArgv: FLAGS,
      stdio: ['ignore', 'ignore', tries === TRIES ? 'inherit' : 'ignore', 'ipc'],
    })
    const port = await new Promise<number | undefined>((resolve) => {
      process.once('message', ({ port }: { port: number }) => resolve(port))
      process.once('exit', () => resolve(undefined))
    })
    if (port !== undefined) return { process, port }
    await sleep(100)
  }
  throw new Error(`the endpoint did not start: ${JSON.stringify(options)}`)
}
