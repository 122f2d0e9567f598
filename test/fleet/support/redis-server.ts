import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../support/free-ports.ts'
import { within } from '../../support/until.ts'

const BINARY = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0)

/** Whether there is a server to run. The tests that need one say so in their title, and are skipped without it. */
export const hasRedis = BINARY !== undefined

/** A real server on a free port of the loopback, with its files in a temporary folder. It stores nothing on disk unless told. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly #args: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, args: readonly string[]) {
    this.port = port
    this.folder = mkdtempSync(path.join(tmpdir(), 'fleet-redis-'))
    this.#args = args
  }

  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args)
    await server.run()
    return server
  }

  /** Runs it, again after `kill()`: another process, with another run id, and without what it knew. */
  async run(...more: string[]): Promise<void> {
    const { port, folder } = this
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--daemonize', 'no']
    const child = spawn(BINARY ?? '', [...fixed, ...this.#args, ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = child
    const ready = new Promise<void>((resolve, reject) => {
      let text = ''
      child.stdout?.on('data', (data: Buffer) => {
        text += data
        if (/Ready to accept connections/.test(text)) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`the server ended: ${text}`)))
    })
    await within(ready, 'the server accepts connections')
  }

  get pid(): number {
    return this.#process?.pid ?? -1
  }

  /** Accepts connections and commands, and answers none. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
