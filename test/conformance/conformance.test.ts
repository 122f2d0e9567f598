import { describe, expect, it } from 'vitest'
import { CASES } from './cases/index.ts'
import { DIFFERENCES, differencesOn } from './differences.ts'
import { type Case, type Outcome, play } from './support/scene.ts'
import { builtIn, ours, oursOverTheBuiltIn } from './support/subjects.ts'

const differences = differencesOn(Number.parseInt(process.versions.node, 10))

type Outcomes = readonly [theirs: Outcome, our: Outcome]
const outcomes = new Map<string, Promise<Outcomes>>()

/** Each case is played once with the built-in `fetch`, and once with ours. */
function outcomesOf(one: Case): Promise<Outcomes> {
  const played = outcomes.get(one.name) ?? (async () => [await play(one, builtIn), await play(one, ours)] as const)()
  outcomes.set(one.name, played)
  return played
}

describe('client.fetch does what the built-in fetch does', () => {
  it.each(CASES)('$name', async (one) => {
    const [theirs, our] = await outcomesOf(one)
    const difference = differences.get(one.name)
    if (difference === undefined) expect(our).toEqual(theirs)
    else expect(our, `no longer differs: take it off the list (${difference.what})`).not.toEqual(theirs)
  })

  it('has names of cases that are different, and a list of differences that names cases alone', () => {
    const names = CASES.map(({ name }) => name)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
    expect(DIFFERENCES.flatMap(({ cases }) => cases).filter((name) => !names.includes(name))).toEqual([])
  })
})

describe('over fetchTransport(globalThis.fetch) it does what the built-in fetch does, or what it does by itself', () => {
  // Its own headers are of both: ours fill gaps, the rest comes from below.
  it.each(CASES.filter(({ name }) => name !== 'headers of its own'))('$name', async (one) => {
    const [theirs, our] = await outcomesOf(one)
    const over = await play(one, oursOverTheBuiltIn)
    expect([theirs, our]).toContainEqual(over)
  })
})
