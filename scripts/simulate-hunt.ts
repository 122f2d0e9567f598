/** Runs worlds until one breaks an invariant, and prints which. Started by `simulate-bugs.ts` in a separate process. */
import { replaceNetwork } from '../test/simulation/replace.ts'

replaceNetwork()
const { runSeeds } = await import('../test/simulation/bulk.ts')

const SHARE = 100
const seeds = Number(process.argv[2])
const sockets = process.argv[3] === 'sockets'
/** Unhandled rejections are found, too: as `exception` of the current share. */
let unhandled = false
process.on('unhandledRejection', () => {
  unhandled = true
})

let found: { seed: number; invariant: string } | { seed: undefined } = { seed: undefined }
for (let from = 1; from <= seeds && found.seed === undefined; from += SHARE) {
  const { failed } = await runSeeds(from, from + SHARE, { sockets, stopAtFirst: true })
  const [first] = failed
  if (first !== undefined) found = { seed: first.seed, invariant: first.violation.invariant }
  else if (unhandled) found = { seed: from, invariant: 'exception' }
}
console.log(JSON.stringify(found))
process.exit(0)
