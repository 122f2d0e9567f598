import { describe, expect, it } from 'vitest'
import { CASES } from './cases/index.ts'
import { differenceOf } from './differences.ts'
import { play } from './support/scene.ts'
import { builtIn, ours } from './support/subjects.ts'

describe('client.fetch does what the built-in fetch does', () => {
  it.each(CASES)('$name', async (one) => {
    const [theirs, our] = [await play(one, builtIn), await play(one, ours)]
    const difference = differenceOf(one.name)
    if (difference === undefined) expect(our).toEqual(theirs)
    else expect(our, `no longer differs: take it off the list (${difference.what})`).not.toEqual(theirs)
  })
})
