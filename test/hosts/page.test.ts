import { expect, it } from 'vitest'
import type { Host } from './support/host.ts'
import { loadHosts } from './support/hosts.ts'
import { afterOutputRows, failureRows, requestRows, table } from './support/page.ts'

const INTRO = `# SDKs

What openai, the AI SDK and agents-js do with a failing endpoint, alone and with \`client.fetch\`.

## When

You call the endpoint through one of these SDKs. Read the settings first; the tables below show what they change. Tests in
[a clone of the repository](../CONTRIBUTING.md#run-it) write the tables (\`npx vitest run --project hosts -u\`) and play each row over
real connections.

## Settings

\`\`\`ts
import { createOpenAI } from '@ai-sdk/openai'
import { OpenAIProvider, Runner } from '@openai/agents'
import { streamText } from 'ai'
import OpenAI from 'openai'
import { explain, ResilientClient } from 'resilient-responses'

const client = new ResilientClient({ streamFailure: 'sse_error', upgradeToStream: true })

const openai = new OpenAI({ fetch: client.fetch, maxRetries: 0, timeout: 3_600_000 })

const provider = createOpenAI({ fetch: client.fetch })
const result = streamText({ model: provider('gpt-5.2'), prompt: 'Hi', maxRetries: 0, streamRetries: 2, onError })

// The AI SDK gives the error of a stream to \`onError\` alone.
function onError({ error }: { error: unknown }) {
  console.error(explain(error) ?? error)
}

const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: openai }) })
\`\`\`

- **\`maxRetries: 0\` on the SDK.** The retries of the SDK begin after those of the client have ended, and each is a whole call with
  all of the client's retries: [what they cost](#what-the-retries-of-an-sdk-cost). In the AI SDK it is an option of each call, in
  agents-js of the \`OpenAI\` client.
- **A longer \`timeout\` on \`openai\`.** By default \`openai\` waits 10 minutes for the headers of an answer. If the answer is not streamed, its
  headers come at its end, and high effort or the flex tier may take longer. The \`timeouts\` of the client still apply.
- **\`upgradeToStream: true\`** for calls that do not stream. Their headers come only when the model has finished, so without it only
  \`staleMs\` (30 min) cuts a silent connection. With it such a call streams internally: all deadlines apply, and it is repeated at any
  point before its end.
- **\`onError\` in \`streamText\`.** After a failed stream \`await result.text\` rejects with \`NoOutputGeneratedError\`, which does not hold the
  error of the client, and \`textStream\` just ends. \`findResilientError(error)\` and \`explain(error)\` work on what \`onError\` gets.
- **\`streamFailure: 'sse_error'\`** with \`streamRetries\` of the AI SDK: these retry after an error event, but not after a body that
  breaks off.
- **To end a stream early, abort it.** In \`openai\` and agents-js \`break\` aborts it. In the AI SDK \`break\` does not, as long as the result
  is referenced: pass an \`abortSignal\`.
- **To send the credential of the client** (\`apiKey\`), turn off that of the SDK: \`defaultHeaders: { authorization: null }\` in \`openai\`; in
  the AI SDK a header \`Authorization\` with the value \`undefined\`.`

const OF_FAILURES = `## Results of each failure

The first request meets the failure, later ones are answered.

- *alone*: the SDK on its default \`fetch\`, with its own retries and timeouts. *hangs* means that only a timeout of minutes ends it.
- *with us*: \`client.fetch\` with \`maxRetries: 0\` on the SDK. In brackets stands the code of the client's error, which is inside that of
  the SDK (\`findResilientError(error)?.code\`).
- *\`webSocket: true\`*: the same over [WebSockets](websocket.md), where a cut stream is a closed socket. An empty cell: the failure is about
  frames of an event stream, which a WebSocket does not have.`

const OF_RETRIES = `## What the retries of an SDK cost

The tables count the requests for one call to an endpoint that never recovers. The client has its default of 4 retries. With the
SDK's default there can be (1 + 4) × (1 + the SDK's retries) requests. The HTTP answer after the client's last retry says
\`x-should-retry: false\`: \`openai\` and agents-js obey it, the AI SDK ignores it.`

const OF_OUTPUT = `## After output

Output that was handed over cannot be taken back, so the client does not retry. The columns are the two values of \`streamFailure\`: as an
event (\`'sse_error'\`) an SDK may retry the failure. Here the AI SDK has \`streamRetries: 2\`. Its reader gets the text of the new attempt
after that of the cut one.`

const OF_AGENTS = `agents-js calls its retry policies (\`modelSettings.retry\`) for failures before the first event, and for runs that are not streamed.
It does not call them for a stream that has begun: after such a failure run the agent again, or do not stream.

## What can go wrong

- **The SDK's retries are left on.** An outage then costs up to three times the requests (see above).
- **An error event that your SDK does not know.** Without \`streamRetries\` leave \`streamFailure\` at its default, \`'error'\`.

## How to see it

\`findResilientError(error)?.code\` and \`explain(error)\` take the error of an SDK, too. If the SDK's own \`timeout\` has aborted the call, there
is no error of ours, though openai says "Request timed out." of our deadlines, too: the first returns \`undefined\`, and \`explain(error)\` shows the attempts. It shows none of a \`streamText\`, whose
abort is no error. So keep \`timeout\` above the deadlines of the client. \`onEvent\` shows the attempts of each call.`

it('docs/sdks.md is what the hosts do (`npx vitest run --project hosts -u` writes it)', {
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
  await expect(`${page.join('\n\n')}\n`).toMatchFileSnapshot('../../docs/sdks.md')
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
