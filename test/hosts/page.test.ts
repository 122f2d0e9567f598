import { expect, it } from 'vitest'
import type { Host } from './support/host.ts'
import { loadHosts } from './support/hosts.ts'
import { afterOutputRows, failureRows, requestRows, table } from './support/page.ts'

const INTRO = `# Hosts

What the SDKs of agents do with a failing endpoint, alone and with \`client.fetch\`. The tables are written by the tests
(\`npx vitest run --project hosts -u\`), which play each row over real connections.

## Settings

\`\`\`ts
import { createOpenAI } from '@ai-sdk/openai'
import { OpenAIProvider, Runner } from '@openai/agents'
import { streamText } from 'ai'
import OpenAI from 'openai'
import { ResilientClient } from 'resilient-responses'

const client = new ResilientClient({ streamFailure: 'sse_error' })

const openai = new OpenAI({ fetch: client.fetch, maxRetries: 0, timeout: 3_600_000 })

const provider = createOpenAI({ fetch: client.fetch })
const result = streamText({ model: provider('gpt-5.2'), prompt: 'Hi', maxRetries: 0, streamRetries: 2 })

const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: openai }) })
\`\`\`

- **\`maxRetries: 0\` on the host.** Its retries begin after ours have ended, and each of them is a whole call with all of ours: see
  "What the retries of a host cost". In the AI SDK it is an option of each call, in agents-js of the \`OpenAI\` client.
- **A longer \`timeout\` on \`openai\`**, whose default of 10 minutes covers each of its requests until the headers. An answer that
  is not streamed has its headers at its end, and may take longer with high effort or the flex tier. Our \`timeouts\` still apply.
- **\`streamFailure: 'sse_error'\`** with \`streamRetries\` of the AI SDK, which retry after error events, but not after a body that breaks off.
- **To end a stream early, abort it.** \`break\` is enough in \`openai\` and agents-js. In the AI SDK it frees nothing while the result
  is referenced: pass an \`abortSignal\`.
- **To send our credential**, turn off the host's: \`defaultHeaders: { authorization: null }\` in \`openai\`; in the AI SDK a header
  \`Authorization\` with the value \`undefined\`.`

const OF_FAILURES = `## Results of each failure

The first request meets the failure, later ones are answered. *Alone* is the host on its default \`fetch\`, with its own retries and
timeouts; *hangs* means that only a timeout of minutes would end it. *With us* is \`client.fetch\` with \`maxRetries: 0\` on the host, in
brackets the code of our error inside the host's (\`findResilientError(error)?.code\`). The last column is the same with
[WebSockets](websocket.md), on which the same failures were played: a cut stream is a closed socket there. The row without a cell is about the
frames of an event stream, which a WebSocket does not have.`

const OF_RETRIES = `## What the retries of a host cost

Requests for one call to an endpoint that never recovers, with our default of 4 retries: at most (1 + ours) × (1 + the host's).
The HTTP answer after our last retry says \`x-should-retry: false\`: \`openai\` and agents-js obey it, the AI SDK ignores it.`

const OF_OUTPUT = `## After output

Output that was handed over cannot be taken back, so the drop-in does not retry. The host may retry if it gets the failure as an
event. Here the AI SDK has \`streamRetries: 2\`. A reader keeps the text of the cut attempt.`

const OF_AGENTS = `The retry policies of agents-js (\`modelSettings.retry\`) are called for failures before the first event, and for runs that are
not streamed. They are not called for a stream that has begun, however it ends: run the agent again, or do not stream.`

it('docs/hosts.md is what the hosts do (`npx vitest run --project hosts -u` writes it)', {
  timeout: 120_000,
}, async () => {
  const hosts = await loadHosts(true)
  const all = <T>(rowsOf: (host: Host) => Promise<T>) => Promise.all(hosts.map(rowsOf))
  const [failures, requests, afterOutput] = await Promise.all([
    all(failureRows),
    all(requestRows),
    all((host) => afterOutputRows(host, { streamRetries: 2 })),
  ])
  const page = [
    INTRO,
    OF_FAILURES,
    ...sections(hosts, ['', 'alone', 'with us', '`webSocket: true`'], failures),
    OF_RETRIES,
    ...sections(hosts, ['', '`maxRetries: 0`', 'its default'], requests),
    OF_OUTPUT,
    ...sections(hosts, ['', "`'error'`", "`'sse_error'`"], afterOutput),
    OF_AGENTS,
  ]
  await expect(`${page.join('\n\n')}\n`).toMatchFileSnapshot('../../docs/hosts.md')
})

type Rows = ReadonlyArray<readonly string[]>

/** A table for the newest version of each host, and below it what is different in the oldest. */
function sections(hosts: readonly Host[], head: readonly string[], rows: readonly Rows[]): string[] {
  const withRows = hosts.map((host, i) => ({ ...host, rows: rows[i] ?? [] }))
  return withRows
    .filter(({ latest }) => latest)
    .flatMap((newest) => [
      `### ${newest.name}`,
      table(head, newest.rows),
      ...withRows
        .filter(({ kind, latest }) => kind === newest.kind && !latest)
        .flatMap((old) => older(old, newest, head)),
    ])
}

function older(old: { name: string; rows: Rows }, newest: { rows: Rows }, head: readonly string[]): string[] {
  const different = old.rows.filter((row, i) => row.join() !== newest.rows[i]?.join())
  if (different.length === 0) return [`${old.name} does the same.`]
  return [`${old.name} does the same, but:`, table(head, different)]
}
