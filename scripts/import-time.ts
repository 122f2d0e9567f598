import { execFile } from 'node:child_process'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The dependencies: the parts of undici that are used, zod and the parser. The import loads none of them. */
export const DEPENDENCIES: readonly string[] = ['undici/lib/dispatcher/client.js', 'zod/mini', 'eventsource-parser']
export const PACKAGE = 'resilient-responses'

export interface ImportTimes {
  /** Milliseconds, the minimum of all rounds, because other load only adds time. */
  readonly dependenciesMs: number
  readonly packageMs: number
  readonly ratio: number
}

/**
 * Compares the time to import the package with that of its dependencies alone, each in a new process, in turns.
 *
 * @param folder a project with the package installed.
 */
export async function importTimes(folder: string, rounds = 21): Promise<ImportTimes> {
  const times = { dependencies: [] as number[], package: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    times.dependencies.push(await importTime(folder, DEPENDENCIES))
    times.package.push(await importTime(folder, [PACKAGE]))
  }
  const [dependenciesMs, packageMs] = [Math.min(...times.dependencies), Math.min(...times.package)]
  return { dependenciesMs, packageMs, ratio: packageMs / dependenciesMs }
}

/** Milliseconds, in a new process of the same Node. */
export async function importTime(folder: string, specifiers: readonly string[]): Promise<number> {
  const imports = specifiers.map((specifier) => `await import('${specifier}')`).join('\n')
  return timeOf(folder, `const start = performance.now()\n${imports}\nconst end = performance.now() - start`)
}

/** Milliseconds, the minimum of all rounds. */
export interface StartTimes {
  readonly importMs: number
  /** Import and first client. */
  readonly clientMs: number
  /**
   * CPU time of the process until the first event of a typed call, from a server on the same machine. Not the time that passes: that is
   * the server's and the machine's as well.
   */
  readonly firstEventMs: number
  /** The same for a client with a listener, whose events are checked for its report. */
  readonly firstEventReportMs: number
  /** The same for a client that checks strictly. */
  readonly firstEventStrictMs: number
}

const firstEvent = (entry: string, url: string, options: string): string => `
    const { ResilientClient } = await import('${entry}')
    const client = new ResilientClient({ baseURL: '${url}'${options} })
    await client.responses.stream({ model: 'm', input: 'hi' })[Symbol.asyncIterator]().next()
    const { user, system } = process.cpuUsage()
    const end = (user + system) / 1000`

const STARTS = {
  importMs: (entry) => `
    const start = performance.now()
    await import('${entry}')
    const end = performance.now() - start`,
  clientMs: (entry) => `
    const start = performance.now()
    new (await import('${entry}')).ResilientClient()
    const end = performance.now() - start`,
  firstEventMs: (entry, url) => firstEvent(entry, url, ''),
  firstEventReportMs: (entry, url) => firstEvent(entry, url, ', onEvent() {}'),
  firstEventStrictMs: (entry, url) => firstEvent(entry, url, ", validate: 'strict'"),
} as const satisfies Record<keyof StartTimes, (entry: string, url: string) => string>

/**
 * How long builds of the package take to start. Each runs in new processes, all in turns.
 *
 * @param entries specifiers that `folder` can import, or addresses of files.
 */
export async function startTimes(folder: string, entries: readonly string[], rounds = 15): Promise<StartTimes[]> {
  // No `await using`: the benchmark runs this on Node 22, too.
  const server = await openStreamServer()
  const names = Object.keys(STARTS) as Array<keyof StartTimes>
  const none = Object.fromEntries(names.map((name) => [name, Infinity])) as Record<keyof StartTimes, number>
  const least = entries.map(() => ({ ...none }))
  try {
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        // Each is first in half of the rounds.
        const inTurn = round % 2 === 0 ? [...entries.entries()] : [...entries.entries()].reverse()
        for (const [index, entry] of inTurn) {
          const times = least[index] as Record<keyof StartTimes, number>
          times[name] = Math.min(times[name], await timeOf(folder, STARTS[name](entry, server.url)))
        }
      }
    }
  } finally {
    await server[Symbol.asyncDispose]()
  }
  return least
}

/** The first is checked; with the second the answer is handed over. */
const EVENTS = [
  { type: 'response.created', response: { id: 'resp_1' } },
  { type: 'response.output_text.delta', delta: 'hi' },
]
  .map((event) => `data: ${JSON.stringify(event)}\n\n`)
  .join('')

/** Answers every request with the beginning of a stream, and leaves the stream open. */
async function openStreamServer(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = http.createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(EVENTS)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The value of `end` after `code` has run. */
async function timeOf(folder: string, code: string): Promise<number> {
  const script = `${code}\nprocess.stdout.write(String(end), () => process.exit())`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
  return Number(stdout)
}
