import { expect, it } from 'vitest'
import { table } from '../support/table.ts'
import { CASES } from './cases/index.ts'
import { DIFFERENCES, type Difference } from './differences.ts'
import { play } from './support/scene.ts'
import { distinct } from './support/show.ts'
import { builtIn, ours } from './support/subjects.ts'

/** The Node that the page is written on. */
const MAJOR = 24

const INTRO = `# fetch

\`client.fetch\` does what the built-in \`fetch\` does, except for the deliberate differences on this page.

## When

Your code, or a library that you give \`client.fetch\`, depends on details of \`fetch\`. Retries, deadlines and other additions are on the other
pages.

Tests try ${CASES.length} cases on both functions, over real connections, from the inputs that they take to redirects and aborts
(\`test/conformance\`, in [a clone of the repository](../CONTRIBUTING.md#run-it)). They write the table on Node ${MAJOR} (\`npx vitest run test/conformance -u\`), and fail if a row is not true. Each
row shows the first case of its difference, with a passthrough call unless the row says otherwise.

## A whole response in the place of a stream

Bytes are passed on unchanged, with one exception: the body says \`stream: true\`, and the endpoint answers with a whole response as JSON.
An SDK would find no event in it and report an empty success. Whatever the content type of that answer, \`client.fetch\` returns the events
of that response, as \`text/event-stream\` without a \`content-length\`:

1. \`response.created\`;
2. for each item of the output \`response.output_item.added\`, one delta for each of its texts and arguments, and
   \`response.output_item.done\`;
3. \`response.completed\`, \`response.incomplete\` or \`response.failed\`, with the unchanged response.

JSON that is an error becomes one \`error\` event. Other JSON fails with \`unexpected_content\`.

## An error with the status of a success

An endpoint may answer a Responses call that does not stream with 200 and an error as JSON, which an SDK would take for a success.
\`client.fetch\` hands over the same bytes with another status: the one that the error names (\`"code": 429\`, \`"status": 400\`), else 429 for
a \`rate_limit…\` code, else 503 for an error that a retry may heal, else 400. A response with the \`status\` \`failed\` keeps 200.

## Differences from the built-in fetch`

const OLDER = `## Where the versions of Node differ

Older supported versions also differ in this:`

it.skipIf(Number.parseInt(process.versions.node, 10) !== MAJOR)('docs/fetch.md is what the cases show', async () => {
  // One after another: a case may change what is global to all.
  const rows: string[][] = []
  for (const one of DIFFERENCES.filter((each) => isOn(each, MAJOR))) rows.push(await rowOf(one))
  const older = DIFFERENCES.filter((one) => !isOn(one, MAJOR)).map(({ what, why }) => `- ${what}: ${why}.`)
  const page = [INTRO, table(['', 'built-in `fetch`', '`client.fetch`', 'why'], rows), OLDER, older.join('\n')]
  await expect(`${page.join('\n\n')}\n`).toMatchFileSnapshot('../../docs/fetch.md')
})

async function rowOf({ what, why, cases }: Difference): Promise<string[]> {
  const shown = CASES.find(({ name }) => name === cases[0])
  if (shown === undefined) throw new Error(`no case is named ${String(cases[0])}`)
  const [theirs, our] = [await play(shown, builtIn), await play(shown, ours)]
  return [what, distinct(theirs, our), distinct(our, theirs), why]
}

function isOn({ on }: Difference, major: number): boolean {
  return on?.includes(major) ?? true
}
