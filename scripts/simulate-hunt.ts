/** Runs worlds until one breaks an invariant, and prints which: for `simulate-bugs.ts`, in a process of its own. */
import { replaceNetwork } from '../test/simulation/replace.ts'

replaceNetwork()
const { runSeeds } = await import('../test/simulation/bulk.ts')

const SHARE = 100
const seeds = Number(process.argv[2])
/** What nobody handles is found, too: `exception` at the share under way. */
let unhandled = false
process.on('unhandledRejection', () => {
  unhandled = true
})

let found: { seed: number; invariant: string } | { seed: undefined } = { seed: undefined }
for (let from = 1; from <= seeds && found.seed === undefined; from += SHARE) {
  const { failed } = await runSeeds(from, from + SHARE)
  const [first] = failed
  if (first !== undefined) found = { seed: first.seed, invariant: first.violation.invariant }
  else if (unhandled) found = { seed: from, invariant: 'exception' }
}
console.log(JSON.stringify(found))
process.exit(0)
