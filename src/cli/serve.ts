import { redactUrl } from '../errors/redact.ts'
import type { Sidecar, SidecarLogEntry, SidecarOptions } from '../sidecar/index.ts'
import { helpRow } from './help.ts'
import { type Flag, SERVE_FLAGS } from './serve-flags.ts'
import { serveOptions } from './serve-options.ts'
import type { Terminal } from './terminal.ts'

/** `resilient-responses serve`: runs until SIGTERM or Ctrl-C. @returns 1 if calls were cut off at the end, else 0. */
export async function serve(args: readonly string[], terminal: Terminal): Promise<number> {
  const { help, quiet, options } = serveOptions(args)
  if (help) {
    terminal.out(serveHelp())
    return 0
  }
  const { startSidecar } = await import('../sidecar/index.ts')
  let cut = 0
  const onEnd = (entry: SidecarLogEntry): void => {
    if (entry.outcome === 'interrupted' && entry.code === 'client_closed') cut++
    if (!quiet) terminal.out(`${JSON.stringify(entry)}\n`)
  }
  // An `onCall` from the file is passed on, so that the check of the options refuses it.
  const sidecar = await startSidecar({ onCall: onEnd, ...options })
  terminal.err(greeting(sidecar, options))
  await untilStopped(sidecar, terminal)
  if (cut === 0) return 0
  terminal.err(`cut off ${cut} calls that were not over\n`)
  return 1
}

/** After the first signal running calls may finish; the second signal ends them. */
function untilStopped(sidecar: Sidecar, terminal: Terminal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = terminal.onStop((isFirst) => {
      const { calls } = sidecar.stats()
      if (isFirst && calls > 0) terminal.err(`finishing ${calls} calls under way; stop again to end them\n`)
      sidecar.close().then(() => {
        stop()
        resolve()
      }, reject)
    })
  })
}

function greeting({ url }: Sidecar, options: SidecarOptions): string {
  const base = `${url}/v1`
  const { apiKey, webSocket = false } = options
  const key = apiKey !== undefined ? '' : ', env_key = "OPENAI_API_KEY"'
  const sockets = webSocket === false ? '' : ', supports_websockets = true'
  return `resilient-responses: ${url} carries calls to ${shownUpstream(options)}

Codex, as the first lines of ~/.codex/config.toml, above any [table]:
  model_provider = "resilient"
  model_providers.resilient = { name = "resilient", base_url = "${base}", wire_api = "responses"${key}${sockets} }

Python and Node, with the SDKs of OpenAI:
  export OPENAI_BASE_URL=${base}
  OpenAI(max_retries=0, timeout=600)      new OpenAI({ maxRetries: 0 })

Calls under way, in a browser: ${url}

`
}

/** The query is redacted, because it may hold a key. */
function shownUpstream({ upstream, endpoints }: SidecarOptions): string {
  return upstream === undefined ? `${endpoints?.length} endpoints` : redactUrl(new URL(upstream))
}

export function serveHelp(): string {
  const flags = Object.entries(SERVE_FLAGS as Readonly<Record<string, Flag>>)
  const rows = [
    ...flags.map(([name, { value, help }]) => helpRow(`--${name} ${value}`.trimEnd(), help)),
    helpRow('--config <file>', 'a JSON file with the options of startSidecar'),
    helpRow('-q, --quiet', 'no line of JSON for each call'),
    helpRow('-h, --help', 'this text'),
  ]
  return `resilient-responses serve --upstream https://api.openai.com/v1

Listens on this machine and carries calls to the upstream, so that they survive
dead connections, cut streams and overload: for Codex, Python and everything
else that takes a base URL.

${rows.join('\n')}

Every option can come from the environment, too: RESILIENT_RESPONSES_UPSTREAM,
RESILIENT_RESPONSES_PORT, … A flag wins over it, and both over the file.
One line of JSON for each call goes to stdout. It holds no prompt, key or query.
`
}
