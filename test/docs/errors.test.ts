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

After output was handed over, and for \`stream_incomplete\` at any time, the class is \`StreamInterruptedError\`. Its \`code\` still
names the cause. A failure that the endpoint itself reported keeps its class: \`ResponseFailedError\`, an \`UpstreamError\`, for one
inside a stream of \`client.responses\`. Both have \`partial\` there.

Every error has \`retryable\`, \`replaySafety\`, \`responseStarted\`, \`phase\`, \`attempts\`, \`giveUpReason\`,
\`retryAfterMs\`, \`requestIds\` and \`responseId\`. Errors of calls with \`previous_response_id\` also have \`continuity\`. The \`cause\`
chain of a network failure ends with an error that has a system code: its own, or the one in the table. A failure that the
endpoint reported has no such cause. An error thrown by your function is the \`cause\` unchanged (\`headers_failed\`, \`hook_failed\`).

| code | class | retried before output | system code | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## What the endpoint said

An \`UpstreamError\` keeps the endpoint's words beside our \`message\`: \`status\`, \`upstreamCode\` (\`code\` is ours), \`type\`, \`param\`,
\`upstreamMessage\` (up to 8 192 characters), and \`body\` and \`headers\` unchanged. The last two are never printed, because an
endpoint may echo the request. \`status\` is the HTTP status, or the status that a failure inside a stream names (\`"code": 402\`).

\`explain(error)\` begins with those words, then says how each attempt ended and why there was no further one.

When retries end, the drop-in returns the endpoint's answer to its host, which makes its own error of it. The answer has the header \`x-resilient-responses: call=17.k3f9a2, attempts=5, gave-up=retries_exhausted\`, by which \`explain(error)\` and
\`findResilientError(error)\` find the call behind the error of openai, the AI SDK, agents-js, ky or axios; the last 500 such calls
of the process are kept. \`17\` is the \`callId\` of telemetry.

## A gateway's own failures

Gateways have their own error codes. \`classify\` says what they mean:

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

It is called for every error status (\`where: 'status'\`) and for every failure inside a stream, or in a body with a success
status (\`where: 'event'\`). \`x-should-retry: false\`, codes of quota and money, and a genuine \`previous_response_not_found\` overrule
it. \`maxRetries\`, the retry budget, replay safety and the commit still apply. It must return at once: a throw, a promise, or any
other value than the three words counts as \`undefined\`, and is reported as \`classify_failed\`.

## What the names mean

The endpoint's \`error.code\` decides first, then its \`error.type\`, then the status. Names mean the same in a body and in a stream:

- **Money and accounts** are never retried: names with \`billing\`, \`payment\`, \`credit\`, \`quota\`, \`insufficient_balance\`, \`spend_limit\`, \`usage_limit\`,
  \`account_deactivated\` and the like.
- **Policies** (\`…_policy…\`) are not retried.
- **"Not now"** is retried after a pause: \`rate_limit…\`, \`too_many_requests\`, \`server_error\`, \`overloaded\`, \`slow_down\`, and AWS's \`ThrottlingException\`,
  also under a status of 400.
- **An invalid request** is not retried: \`invalid_…\`, \`unsupported_…\`, \`missing_…\`, \`…_not_found\`, \`…_not_supported\`, \`…_too_long\`,
  \`…_above_max_length\`, \`content_filter\`. With a status of 500 or above most of these do not count, including
  \`previous_response_not_found\`: a failed server says nothing about the request or the conversation.

Inside a stream, a numeric code, or the \`status\` or \`status_code\` of the event, is read as that HTTP status.

## TLS

TLS failures that a retry cannot heal are final, and say what to do: \`certificate_rejected\` (\`tls.ca\`, \`tls.servername\`),
\`client_certificate_refused\` (\`tls.cert\`, \`tls.key\`; with TLS 1.3 the endpoint reports it after the connection is open), and
\`tls_refused\` (https to a plain HTTP port, no common version or cipher, an unknown host name). All others are retried. An
endpoint that closes the connection without an alert looks like one that failed, and is retried as well.
`
  await expect(page).toMatchFileSnapshot('../../docs/errors.md')
})
