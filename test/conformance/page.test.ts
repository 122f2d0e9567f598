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

\`client.fetch\` does what the built-in \`fetch\` does: ${CASES.length} cases, from the inputs it takes to redirects and aborts, are tried on both
of them, over real connections (\`test/conformance\`). All differences are deliberate. The table is written by those
tests, on Node ${MAJOR} (\`npx vitest run test/conformance -u\`), which fail if a row is not true.

The calls are passthrough calls, unless a row says otherwise. This page does not cover retries, deadlines and other additions.
Each difference shows the first of its cases.

## A whole response in the place of a stream

Bytes are passed on unchanged, with one exception. If the body says \`stream: true\` and the endpoint answers with a whole response as
JSON, with any content type, a host would find no event in it and report an empty success. \`client.fetch\` then returns the event
stream of that response, as \`text/event-stream\` without a \`content-length\`: \`response.created\`; for each item of the output
\`response.output_item.added\`, one delta for each of its texts and arguments, and \`response.output_item.done\`; then \`response.completed\`,
\`response.incomplete\` or \`response.failed\` with the unchanged response. JSON that is an error is one \`error\` event. Other JSON is
\`unexpected_content\`.

## An error with the status of a success

An endpoint may answer a Responses call that does not stream with 200 and an error as JSON. A host would take it for a success.
\`client.fetch\` hands over the same bytes with another status: the one that the error names (\`"code": 429\`, \`"status": 400\`), 429 for
a \`rate_limit…\` code, 503 for an error that another attempt may heal, and 400 for all others. A response whose \`status\` is \`failed\` stays 200.

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
