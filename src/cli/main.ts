import { readFileSync } from 'node:fs'
import { isResilientError } from '../errors/errors.ts'
import { serve } from './serve.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

const HELP = `resilient-responses <command>

  serve    a server on this machine that makes the calls of Codex, Python and
           others survive
  probe    measures an endpoint by small calls, and says which options fit
  report   makes a page of the calls that recordCalls() has written

  <command> --help tells the options of a command; --version the version.
`

/** @returns the exit code: 0 for success, 1 for a failure, 2 for an invalid command or option. */
export async function run([command, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  try {
    switch (command) {
      case 'serve':
        return await serve(args, terminal)
      case 'probe':
        return await (await import('./probe.ts')).probe(args, terminal)
      case 'report':
        return await (await import('./report.ts')).report(args, terminal)
      case '-h':
      case '--help':
      case 'help':
        terminal.out(HELP)
        return 0
      case '--version':
        terminal.out(`${version()}\n`)
        return 0
      case undefined:
        terminal.err(HELP)
        return 2
      default:
        throw new UsageError(`unknown command ${JSON.stringify(command.slice(0, 40))}; accepted: serve, probe, report.`)
    }
  } catch (error) {
    const isUsage = error instanceof UsageError || isResilientError(error, 'invalid_configuration')
    if (!isUsage) throw error
    terminal.err(`resilient-responses: ${error.message}\n`)
    return 2
  }
}

/** `package.json` is two folders up, both from `src/cli` and from `dist/cli`. */
function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
