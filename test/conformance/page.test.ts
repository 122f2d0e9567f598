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
of them, over real connections (\`test/conformance\`). What it does in another way, it does on purpose. The table is written by those
tests, on Node ${MAJOR} (\`npx vitest run test/conformance -u\`), and each row fails them when it is no longer true.

The calls are no Responses calls, unless a row says so. What those get beside, retries and deadlines above all, is no matter of this
page. Differences show the first case of several.

## Differences from the built-in fetch`

const OLDER = `## Where the versions of Node differ

Of older ones that are supported these differ, too:`

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
