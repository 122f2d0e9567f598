import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Something between client and endpoint, in processes of its own. */
export interface Between {
  readonly port: number
  /** CPU seconds so far, of all its processes. */
  cpu(): number
  /** Resident memory of all its processes. Bytes. */
  rss(): number
  stop(): void
}

const TICKS_PER_S = 100
const PAGE_BYTES = 4096

function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
}

function rssOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0)
}

/** A program of this folder that tells its port. */
export async function startNode(file: string, ...args: readonly string[]): Promise<Between> {
  const child: ChildProcess = fork(new URL(file, import.meta.url), args, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number }))
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
  })
  const pid = child.pid as number
  return { port, cpu: () => cpuOf(pid), rss: () => rssOf(pid), stop: () => void child.kill() }
}

/** `undefined` where it is not installed. */
export async function startNginx(upstream: number): Promise<Between | undefined> {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-nginx-'))
  const port = await freePort()
  const config = path.join(folder, 'nginx.conf')
  writeFileSync(config, configOf(folder, port, upstream))
  const child = spawn('nginx', ['-c', config, '-e', path.join(folder, 'error.log'), '-g', 'daemon off;'], {
    stdio: 'ignore',
  })
  const pid = child.pid as number
  while (childrenOf(pid).length === 0) await sleep(20)
  await sleep(200)
  const all = (): number[] => [pid, ...childrenOf(pid)]
  return {
    port,
    cpu: () => sum(all(), cpuOf),
    rss: () => sum(all(), rssOf),
    stop: () => {
      child.once('exit', () => rmSync(folder, { recursive: true, force: true }))
      child.kill()
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

function configOf(folder: string, port: number, upstream: number): string {
  return `worker_processes 1;
pid ${folder}/nginx.pid;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream endpoint { server 127.0.0.1:${upstream}; keepalive 128; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://endpoint;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`
}
