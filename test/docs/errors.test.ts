import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { ERROR_CATALOG, type ErrorFamily } from '../../src/errors/catalog.ts'

const CLASS_OF: Record<ErrorFamily, string> = {
  deadline: 'DeadlineError',
  connection: 'ConnectionError',
  protocol: 'ProtocolError',
  upstream: 'UpstreamError',
  request: 'RequestError',
  closed: 'ClientClosedError',
}

const RETRIED = { connection: 'reconnect', pushback: 'back off', final: 'no', by_answer: 'as the answer says' }

/** The fields of an error with a few named values, and the type that names them. */
const NAMED_VALUES = {
  giveUpReason: 'GiveUpReason',
  phase: 'AttemptPhase',
  replaySafety: 'ReplaySafety',
  continuity: 'Continuity',
}

/** Each value of a type, with its docstring in the source. */
function valuesOf(type: string): Array<readonly [string, string]> {
  const source = readFileSync(path.resolve(import.meta.dirname, '../../src/errors/attempt-record.ts'), 'utf8')
  const parsed = ts.createSourceFile('attempt-record.ts', source, ts.ScriptTarget.Latest)
  const declared = parsed.statements.find((each) => ts.isTypeAliasDeclaration(each) && each.name.text === type)
  if (declared === undefined || !ts.isTypeAliasDeclaration(declared) || !ts.isUnionTypeNode(declared.type))
    throw new Error(`${type} is not a union`)
  return declared.type.types.map((member) => {
    const value = member.getText(parsed).slice(1, -1)
    const docstring = new RegExp(`/\\*\\* (.*) \\*/\\s+\\| '${value}'`).exec(declared.getText(parsed))?.[1]
    if (docstring === undefined) throw new Error(`${type}: '${value}' has no docstring`)
    return [value, docstring]
  })
}

it('docs/errors.md is the catalog (`npm test -- -u` writes it)', async () => {
  const rows = Object.entries(ERROR_CATALOG).map(([code, { family, lane, systemCode, meaning }]) => {
    const name = code === 'invalid_configuration' ? 'ConfigurationError' : CLASS_OF[family]
    return `| \`${code}\` | \`${name}\` | ${RETRIED[lane]} | ${systemCode === undefined ? '–' : `\`${systemCode}\``} | ${meaning} |`
  })
  const values = Object.entries(NAMED_VALUES).flatMap(([field, type]) =>
    valuesOf(type).map(([value, meaning], at) => `| ${at === 0 ? `\`${field}\`` : ''} | \`${value}\` | ${meaning} |`),
  )
  const page = `# Errors

Every failure of a call has a \`code\`. Match on it, and not on messages or names of classes.

## When

Read this page to decide what your program does after a failure, to find out what a code means, or to name the codes of a gateway.

## Smallest example

\`\`\`ts
import { findResilientError, ResilientClient } from 'resilient-responses'

const client = new ResilientClient({ apiKey: process.env.OPENAI_API_KEY })
try {
  await client.responses.create({ model: 'gpt-5.2', input: 'Hello' })
} catch (error) {
  const failed = findResilientError(error)
  if (failed === undefined) throw error
  console.log(failed.code, failed.retryable ? 'try later' : 'do not repeat', failed.explain())
}
\`\`\`

\`isResilientError(error, code)\` tests a single code. \`findResilientError(error)\` also finds the error inside the one that an SDK
made of it.

## The codes

The class is \`StreamInterruptedError\` if the stream broke after output was handed over, and for \`stream_incomplete\` at any time.
Its \`code\` names the cause. A failure that the endpoint itself reported after output keeps its class: inside a stream of
\`client.responses\` it is a \`ResponseFailedError\`, which is an \`UpstreamError\`. On errors of \`client.responses\` both classes have
\`partial\`, the output so far.

Every error has \`retryable\`, \`replaySafety\`, \`responseStarted\`, \`phase\`, \`attempts\`, \`giveUpReason\`,
\`retryAfterMs\`, \`requestIds\`, \`responseId\` and \`startedAt\` (of the call): [their values](#values). Errors of calls with \`previous_response_id\` also have
\`continuity\`, a \`DeadlineError\` has \`deadline\`. The \`cause\` chain of a network failure ends with an error that has a system code: that of the system, or the one in the table. A failure that
the endpoint reported has no such cause. *Reconnect* is a retry within 0.2 s on a new connection:
[waits](retries-and-money.md#how-long-it-waits). If a function of yours threw (\`headers_failed\`, \`hook_failed\`), its error is the \`cause\`.

| code | class | retried before output | system code | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## Values

| field | value | meaning |
|---|---|---|
${values.join('\n')}

\`responseStarted\` says whether any byte of an answer came, also of a refusal. \`deadline\` is \`{ name, ms, source }\`. A record of
\`attempts\` also has an \`outcome\`, instants in milliseconds since the start of the call, and \`generation\`: how many pools of
connections its origin had so far.

## What the endpoint said

An \`UpstreamError\` keeps the endpoint's words beside our \`message\`: \`status\`, \`upstreamCode\` (\`code\` is ours), \`type\`, \`param\`,
\`upstreamMessage\` (up to 8 192 characters), and \`body\` and \`headers\` unchanged. The last two are never printed, because an
endpoint may repeat the request in them. \`status\` is the HTTP status, or the status that a failure inside a stream names (\`"code": 402\`).

When retries end, the drop-in returns the endpoint's answer to the SDK, which makes its own error of it. The answer has a header, for
example \`x-resilient-responses: call=17.k3f9a2, attempts=5, gave-up=retries_exhausted\`. By this header \`explain(error)\` and
\`findResilientError(error)\` find the call from the error of openai, the AI SDK, agents-js, ky or axios. The process keeps the last
500 such calls. \`17\` is the \`callId\` of telemetry events.

openai reports our deadlines and its own \`timeout\` by the same words, "Request timed out.", so ask \`findResilientError(error)\` first. If
an SDK's own \`timeout\` ended the call, there is no error of ours: it returns \`undefined\`, \`explain(error)\` shows the attempts, and the telemetry event \`call_end\` has the outcome \`aborted\`. \`NoOutputGeneratedError\` of the AI SDK, from
\`await streamText(…).text\`, leads to no call. \`onError\` of \`streamText\` gets the error itself: [settings](sdks.md#settings).

## A gateway's own failures

Gateways have their own error codes. The option \`classify\` says what they mean:

\`\`\`ts
import { ResilientClient } from 'resilient-responses'

const client = new ResilientClient({
  classify: ({ status, code, header }) => {
    if (code === 'all_channels_busy') return 'pushback' // back off, after the hint if there is one
    if (status === 403 && header('x-gateway-region') === 'draining') return 'connection' // at once, on a new connection
    if (code === 'tenant_suspended') return 'final' // not again
    return undefined // leave it to the library
  },
})
\`\`\`

The client calls it for every error status (\`where: 'status'\`), and for every failure inside a stream or in a body with a success
status (\`where: 'event'\`). \`x-should-retry: false\`, codes of quota and money, and a genuine \`previous_response_not_found\` overrule
it. \`maxRetries\`, the retry budget, replay safety and the commit still apply. \`classify\` must return at once. If it throws, or returns
a promise or another value, the client decides as without it, and reports \`classify_failed\`.

## What the names mean

The endpoint's \`error.code\` decides first, then its \`error.type\`, then the status: 408, 409, 425, 429 and every status from 500 are
retried, also with a \`type\` such as \`invalid_request_error\`, which OpenAI gives to every 4xx. All others are not retried. Names mean
the same in a body and in a stream:

- **Money and accounts** are never retried: names that contain \`billing\`, \`payment\`, \`credit\`, \`quota\`, \`insufficient_balance\`, \`spend_limit\`, \`usage_limit\`,
  \`account_deactivated\` and the like.
- **Policies** (\`…_policy…\`) are not retried.
- **"Not now"** is retried after a pause, even with a status of 400: \`rate_limit…\`, \`too_many_requests\`, \`server_error\`, \`overloaded\`,
  \`slow_down\`, and AWS's \`ThrottlingException\`.
- **An invalid request** is not retried: \`invalid_…\`, \`unsupported_…\`, \`missing_…\`, \`…_not_found\`, \`…_not_supported\`, \`…_too_long\`,
  \`…_above_max_length\`, \`content_filter\`. With a status of 500 or above only a few whole names count, such as \`invalid_prompt\` and
  \`context_length_exceeded\`, and not \`previous_response_not_found\`: a failed server says nothing about the conversation.

Inside a stream, a numeric code, or the \`status\` or \`status_code\` of the event, is read as that HTTP status.

## TLS

Three TLS failures are not retried, because a retry cannot heal them. Their messages say what to do:

- \`certificate_rejected\`: see \`tls.ca\` and \`tls.servername\`.
- \`client_certificate_refused\`: see \`tls.cert\` and \`tls.key\`. With TLS 1.3 it comes after the connection is open.
- \`tls_refused\`: https to a plain HTTP port, no common version or cipher, or an unknown host name.

All other TLS failures are retried. An endpoint that closes the connection without an alert looks like one that failed, so it is
retried, too.

## What can go wrong

- **Matching on a message.** Messages change between versions; codes change only as [the versions](../CONTRIBUTING.md#versions) say.
- **Retrying again** after \`retryable: true\`. The client has used its retries: wait for \`retryAfterMs\`, or for minutes.
- **Logging \`body\` or \`headers\`.** They may hold the prompt: [security](security.md#what-can-go-wrong). SDKs keep more on their
  errors, the AI SDK the whole prompt. The endpoint's words in \`message\`, \`upstreamMessage\` and \`explain\` may quote a part of it.

## How to see it

\`explain(error)\` begins with the words of the endpoint, then says how each attempt ended and why there was no further one.
\`JSON.stringify(error)\` has the fields above ([logs](opentelemetry.md#logs)).
`
  await expect(page).toMatchFileSnapshot('../../docs/errors.md')
})
