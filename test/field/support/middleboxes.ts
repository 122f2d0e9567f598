import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { until } from '../../support/until.ts'

/** Where they are installed; not every user's PATH names the folders of what only root should run. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

/** The path of a program; `undefined` where it is not installed, and the tests that need it are skipped. */
export function program(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => socket.destroy())
    socket.once('error', () => {})
    socket.once('close', (failed) => resolve(!failed))
  })
}

/** A program of this machine, run with a configuration of its own in a folder of its own; no service is touched. */
export abstract class Middlebox implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'middlebox-'))
  readonly #path: string
  #child: ChildProcess | undefined
  #output = ''

  constructor(path: string) {
    this.#path = path
  }

  protected abstract get arguments(): string[]

  /** Writes a file into the folder, and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  /** Starts it, and waits until it accepts connections on `port`. */
  async start(port: number): Promise<void> {
    const child = spawn(this.#path, this.arguments, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    // Also when the test has failed by its timeout, and nobody stops it.
    const end = (): void => void child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.removeListener('exit', end))
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.#output += text))
    let ready = false
    void (async () => {
      while (!ready && child.exitCode === null && child.signalCode === null) ready = await accepts(port)
    })()
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`${this.#path} ended with ${child.exitCode}:\n${this.log}`)
        return ready
      },
      () => `${this.#path} accepts connections:\n${this.log}`,
    )
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  /** Ends it at once, with every connection that it has. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }

  get log(): string {
    return this.#output
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export class Nginx extends Middlebox {
  /** What stands outside of `http { … }`. */
  main = ''

  /** Runs nginx with `http` as the body of its `http { … }`. */
  static async start(port: number, http: string, prepare: (box: Nginx) => void = () => {}): Promise<Nginx> {
    const path = program('nginx')
    if (path === undefined) throw new Error('nginx is not installed')
    const box = new Nginx(path)
    prepare(box)
    box.configure(http)
    await box.start(port)
    return box
  }

  configure(http: string): void {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const user = userInfo()
    this.write(
      'nginx.conf',
      `${user.uid === 0 ? `user ${user.username};\n` : ''}daemon off;
${this.main}
worker_processes 1;
pid ${this.folder}/nginx.pid;
error_log ${this.folder}/error.log notice;
events { worker_connections 512; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${this.folder}/${name};`).join('\n')}
${http}
}
`,
    )
  }

  protected get arguments(): string[] {
    return ['-p', this.folder, '-c', join(this.folder, 'nginx.conf'), '-e', join(this.folder, 'error.log')]
  }

  override get log(): string {
    try {
      return `${super.log}${readFileSync(join(this.folder, 'error.log'), 'utf8')}`
    } catch {
      return super.log
    }
  }

  /** What `nginx -s reload` does: new workers for new connections, while the old ones finish what they have. */
  async reload(): Promise<void> {
    const workers = (): number => this.log.match(/start worker process \d+/g)?.length ?? 0
    const leaving = (): number => this.log.match(/gracefully shutting down/g)?.length ?? 0
    const before = workers()
    const left = leaving()
    this.signal('SIGHUP')
    await until(
      () => workers() > before && leaving() > left,
      () => `nginx has new workers:\n${this.log}`,
    )
  }
}

export class Haproxy extends Middlebox {
  /** `FOLDER` in the configuration is the folder of its files. */
  static async start(port: number, config: string, prepare: (box: Haproxy) => void = () => {}): Promise<Haproxy> {
    const path = program('haproxy')
    if (path === undefined) throw new Error('haproxy is not installed')
    const box = new Haproxy(path)
    prepare(box)
    box.write('haproxy.cfg', config.replaceAll('FOLDER', box.folder))
    await box.start(port)
    return box
  }

  /** In the foreground, and without the master process that a service has. */
  protected get arguments(): string[] {
    return ['-db', '-f', join(this.folder, 'haproxy.cfg')]
  }
}

/** The blocks of `docs/proxies.md` in one language, by the comment in their first line. */
export function documented(language: 'nginx' | 'haproxy', title: string): string {
  const page = readFileSync(new URL('../../../docs/proxies.md', import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/^```(\w+)\n# (.*)\n([\s\S]*?)^```$/gm)]
  const found = blocks.find(([, of, name]) => of === language && name === title)
  if (found === undefined) throw new Error(`docs/proxies.md has no ${language} block '# ${title}'`)
  return found[3] as string
}

/** A configuration of the page for ports of this run: it listens on 8080 there, and its endpoint is 127.0.0.1:8000. */
export function onPorts(config: string, port: number, backend: number): string {
  const moved = config
    .replaceAll(/(listen|bind) (?:\*?:)?8080\b/g, (_, verb) => `${verb} 127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${backend}`)
  if (!moved.includes(`127.0.0.1:${port}`) || !moved.includes(`127.0.0.1:${backend}`)) {
    throw new Error(`the configuration does not name both addresses:\n${config}`)
  }
  return moved
}
