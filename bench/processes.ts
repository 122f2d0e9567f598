import { type ChildProcess, fork } from 'node:child_process'
import type { ContestantName, Measurement, Workload } from './contract.ts'

interface Message {
  readonly port?: number
  readonly tlsPort?: number
  readonly cert?: string
  readonly version?: string
  readonly measurement?: Measurement
  readonly value?: number
  readonly error?: string
}

/** A child that speaks by messages: one question, one answer. */
export class Child {
  readonly #process: ChildProcess
  readonly #name: string

  constructor(file: string, args: readonly string[], node: string, flags: readonly string[] = []) {
    this.#name = args[0] ?? file
    this.#process = fork(new URL(file, import.meta.url), args, {
      execPath: node,
      execArgv: ['--disable-warning=ExperimentalWarning', ...flags],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  ask(question?: object): Promise<Message> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`${this.#name} ended with ${code}`))
      const onMessage = (message: Message): void => {
        this.#process.off('exit', onExit)
        if (message.error === undefined) resolve(message)
        else reject(new Error(`${this.#name}: ${message.error}`))
      }
      this.#process.once('message', onMessage)
      this.#process.once('exit', onExit)
      if (question !== undefined) this.#process.send(question)
    })
  }

  stop(): void {
    this.#process.kill()
  }
}

/** Bytes or events that a workload must have read when it is done. */
export type Expectation = (workload: Workload) => number

function answerOf({ framing, deltas }: Workload): string {
  return `${framing}/${deltas}`
}

export class ServerProcess {
  readonly port: number
  readonly tlsPort: number
  /** PEM. */
  readonly cert: string
  readonly #child: Child

  private constructor(child: Child, { port = 0, tlsPort = 0, cert = '' }: Message) {
    this.#child = child
    this.port = port
    this.tlsPort = tlsPort
    this.cert = cert
  }

  /** @param workloads what it will be asked for. */
  static async start(workloads: readonly Workload[]): Promise<ServerProcess> {
    const answers = new Set(workloads.map(answerOf))
    const child = new Child('./server.ts', [...answers], process.execPath)
    return new ServerProcess(child, await child.ask())
  }

  stop(): void {
    this.#child.stop()
  }
}

export class ContestantProcess {
  readonly name: ContestantName
  readonly version: string
  readonly #child: Child

  private constructor(name: ContestantName, child: Child, version: string) {
    this.name = name
    this.#child = child
    this.version = version
  }

  static async start(name: ContestantName, node: string): Promise<ContestantProcess> {
    const child = new Child('./contestant-process.ts', [name], node)
    const { version } = await child.ask()
    return new ContestantProcess(name, child, version ?? '')
  }

  /** @throws when the contestant did not read what the server sent. */
  async run(workload: Workload, port: number, expected: Expectation): Promise<Measurement> {
    const url = `http://127.0.0.1:${port}/${answerOf(workload)}/v1`
    const { measurement } = await this.#child.ask({ workload, url })
    if (measurement === undefined) throw new Error(`${this.name} measured nothing`)
    const wanted = expected(workload)
    if (measurement.read !== wanted) {
      throw new Error(`${this.name} read ${measurement.read} ${workload.read} instead of ${wanted}`)
    }
    return measurement
  }

  stop(): void {
    this.#child.stop()
  }
}
