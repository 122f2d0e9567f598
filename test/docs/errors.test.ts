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
    return `| \`${code}\` | \`${name}\` | ${RETRIED[lane]} | \`${systemCode}\` | ${meaning} |`
  })
  const page = `# Errors

Match on \`code\`, with \`isResilientError(error, code)\`, or with \`findResilientError(error)\` where a host has wrapped it.

After output was handed over, and for \`stream_incomplete\` at any time, the class is \`StreamInterruptedError\`; its \`code\` still
names the cause. Every error carries \`retryable\`, \`replaySafety\`, \`responseStarted\`, \`phase\`, \`attempts\`, \`giveUpReason\`,
\`retryAfterMs\`, \`requestIds\` and \`responseId\`; those of calls with \`previous_response_id\` also \`continuity\`. At the end of the
\`cause\` chain stands an error with a system code: the one in the table where the failure did not bring its own. What a
function of yours threw stays the \`cause\` as it is (\`headers_failed\`, \`hook_failed\`).

| code | class | retried before output | system code | meaning |
|---|---|---|---|---|
${rows.join('\n')}
`
  await expect(page).toMatchFileSnapshot('../../docs/errors.md')
})
