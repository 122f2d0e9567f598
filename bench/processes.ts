import { type ChildProcess, fork } from 'node:child_process'
import type { ContestantName, Measurement, Workload } from './contract.ts'

interface Message {
  readonly port?: number
  readonly tlsPort?: number
  readonly socketPort?: number
  readonly cert?: string
  readonly version?: string
  readonly measurement?: Measurement
  readonly value?: number | Readonly<Record<string, number>>
  readonly error?: string
}

/** A child without an answer for this long hangs. */
const PATIENCE_MS = 180_000

/** A child process with messages: one question, one answer. */
export class Child {
  readonly #process: ChildProcess
  readonly #name: string

  /** @param name used in errors. */
  constructor(name: string, file: string, args: readonly string[], node: string, flags: readonly string[] = []) {
    this.#name = name
    this.#process = fork(new URL(file, import.meta.url), args, {
      execPath: node,
      execArgv: ['--disable-warning=ExperimentalWarning', ...flags],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  /** @throws when the child answers with an error, ends without an answer, or does not answer for minutes. */
  ask(question?: object): Promise<Message> {
    const child = this.#process
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        child.off('exit', onExit).off('error', onError).off('message', onMessage)
        act()
      }
      const fail = (why: string): void => settle(() => reject(new Error(`${this.#name} ${why}`)))
      const onExit = (): void => fail(`ended with ${child.signalCode ?? child.exitCode}, without an answer`)
      const onError = (error: Error): void => fail(`cannot be reached: ${error.message}`)
      const onMessage = (message: Message): void => {
        if (message.error === undefined) settle(() => resolve(message))
        else fail(`failed: ${message.error}`)
      }
      const timer = setTimeout(() => fail(`has not answered for ${PATIENCE_MS / 1000} s`), PATIENCE_MS)
      child.on('message', onMessage).on('exit', onExit).on('error', onError)
      if (child.exitCode !== null || child.signalCode !== null) onExit()
      else if (question !== undefined) child.send(question)
    })
  }

  stop(): void {
    this.#process.kill()
  }
}

/** The number of bytes or events that a workload must have read. */
export type Expectation = (workload: Workload) => number

function answerOf({ framing, deltas }: Workload): string {
  return `${framing}/${deltas}`
}

export class ServerProcess {
  readonly port: number
  readonly tlsPort: number
  /** For WebSockets. */
  readonly socketPort: number
  /** PEM. */
  readonly cert: string
  readonly #child: Child

  private constructor(child: Child, { port = 0, tlsPort = 0, socketPort = 0, cert = '' }: Message) {
    this.#child = child
    this.port = port
    this.tlsPort = tlsPort
    this.socketPort = socketPort
    this.cert = cert
  }

  /** @param workloads that it will answer. */
  static async start(workloads: readonly Workload[]): Promise<ServerProcess> {
    const answers = new Set(workloads.map(answerOf))
    const child = new Child('the server', './server.ts', [...answers], process.execPath)
    return new ServerProcess(child, await child.ask())
  }

  /** The base of the addresses at which a workload is answered. */
  urlOf(workload: Workload): string {
    return `http://127.0.0.1:${workload.onSockets ? this.socketPort : this.port}/${answerOf(workload)}/v1`
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
    const child = new Child(`contestant ${name}`, './contestant-process.ts', [name], node)
    const { version } = await child.ask()
    return new ContestantProcess(name, child, version ?? '')
  }

  /** @throws when the contestant did not read what the server sent. */
  async run(workload: Workload, server: ServerProcess, expected: Expectation): Promise<Measurement> {
    const { measurement } = await this.#child.ask({ workload, url: server.urlOf(workload) })
    if (measurement === undefined) throw new Error(`contestant ${this.name} measured nothing`)
    const wanted = expected(workload)
    if (measurement.read !== wanted) {
      throw new Error(
        `contestant ${this.name} read ${measurement.read} ${workload.read} instead of ${wanted} (${answerOf(workload)})`,
      )
    }
    return measurement
  }

  stop(): void {
    this.#child.stop()
  }
}
