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

const RETRIED = { connection: 'reconnect at once', pushback: 'back off', final: 'no', by_answer: 'as the answer says' }

it('docs/errors.md is the catalog (`npm test -- -u` writes it)', async () => {
  const rows = Object.entries(ERROR_CATALOG).map(([code, { family, lane, systemCode, meaning }]) => {
    const name = code === 'invalid_configuration' ? 'ConfigurationError' : CLASS_OF[family]
    return `| \`${code}\` | \`${name}\` | ${RETRIED[lane]} | ${systemCode === undefined ? '–' : `\`${systemCode}\``} | ${meaning} |`
  })
  const page = `# Errors

Match on \`code\`, with \`isResilientError(error, code)\`, or with \`findResilientError(error)\` where a host has wrapped it.

After output was handed over, and for \`stream_incomplete\` at any time, the class is \`StreamInterruptedError\`; its \`code\` still
names the cause. Every error carries \`retryable\`, \`replaySafety\`, \`responseStarted\`, \`phase\`, \`attempts\`, \`giveUpReason\`,
\`retryAfterMs\`, \`requestIds\` and \`responseId\`; those of calls with \`previous_response_id\` also \`continuity\`. At the end of the
\`cause\` chain of a failure of the network stands an error with a system code: the one in the table where the failure did not
bring its own. What the endpoint itself said has no such cause. What a function of yours threw stays the \`cause\` as it is
(\`headers_failed\`, \`hook_failed\`).

| code | class | retried before output | system code | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## What the endpoint said

An \`UpstreamError\` keeps the endpoint's words beside our \`message\`: \`status\`, \`upstreamCode\` (\`code\` is ours), \`type\`, \`param\`,
\`upstreamMessage\` (whole, up to 8 192 characters), and \`body\` and \`headers\` as they came. No print-out of the error shows the
last two: an endpoint may echo what it was sent. \`status\` is the HTTP status, or the one that a failure inside a stream names
(\`"code": 402\`).

\`explain(error)\` begins with those words, then tells what each attempt met and why there was no further one.

The drop-in hands the endpoint's answer to its host when retries end, and the host makes its own error of that answer. The answer
carries \`x-resilient-responses: call=17.k3f9a2, attempts=5, gave-up=retries_exhausted\`, by which \`explain(error)\` and
\`findResilientError(error)\` find the call behind the error of openai, the AI SDK, agents-js, ky or axios; the last 500 such calls
of the process are kept. \`17\` is the \`callId\` of telemetry.

## A gateway's own failures

Gateways have codes that nobody else knows. \`classify\` says what they mean:

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

It is asked for every error status (\`where: 'status'\`) and for every failure inside a stream or a body under a status of success
(\`where: 'event'\`). \`x-should-retry: false\`, codes of quota and money, and a genuine \`previous_response_not_found\` win over it;
\`maxRetries\`, the retry budget, replay safety and the commit still apply. It must answer at once: a throw, a promise, or anything
else than the three words counts as \`undefined\`, and \`onEvent\` is told \`classify_failed\`.

## What the names mean

The endpoint's \`error.code\` decides, then its \`error.type\`, then the status. Names are read alike in a body and in a stream:

- **Money and accounts** are never retried: names with \`billing\`, \`payment\`, \`credit\`, \`quota\`, \`insufficient_balance\`, \`spend_limit\`, \`usage_limit\`,
  and \`account_deactivated\` and its like.
- **Policies** (\`…_policy…\`) are not retried.
- **"Not now"** is retried after a pause: \`rate_limit…\`, \`too_many_requests\`, \`server_error\`, \`overloaded\`, \`slow_down\`, and AWS's \`ThrottlingException\`,
  also under a status of 400.
- **A request that is wrong in itself** is not retried: \`invalid_…\`, \`unsupported_…\`, \`missing_…\`, \`…_not_found\`, \`…_not_supported\`, \`…_too_long\`,
  \`…_above_max_length\`, \`content_filter\`. Under a status from 500 most of these do not count, \`previous_response_not_found\` included: a server that
  failed says nothing about the request or the conversation.

Inside a stream, a numeric code, or the \`status\` or \`status_code\` of the event, is read as that HTTP status.

## TLS

Failures of TLS that would come again are final, and say what to do: \`certificate_rejected\` (\`tls.ca\`, \`tls.servername\`),
\`client_certificate_refused\` (\`tls.cert\`, \`tls.key\`; with TLS 1.3 the endpoint says so after the connection is open), and
\`tls_refused\` (https to a port that speaks http, no version or cipher in common, an unknown host name). Others are retried. An
endpoint that closes the connection without an alert cannot be told from one that failed, and is retried, too.
`
  await expect(page).toMatchFileSnapshot('../../docs/errors.md')
})
