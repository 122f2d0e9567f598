import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { affinityOf, chooseByAffinity } from '../../src/endpoints/affinity.ts'
import { invalid } from '../support/typed.ts'

const one = (name: string, weight = 1) => ({ name, weight })
const ALL = [one('https://a.example'), one('https://b.example'), one('https://c.example', 2)] as const
const texts = Array.from({ length: 4000 }, (_, i) => `session-${i}`)

describe('the choice of an endpoint by a text', () => {
  it('is the same for a text, whatever the order of the endpoints', () => {
    fc.assert(
      fc.property(fc.string(), fc.shuffledSubarray([...ALL], { minLength: 3 }), (text, shuffled) => {
        const [first, ...others] = shuffled
        expect(chooseByAffinity([first as (typeof ALL)[number], ...others], text)).toBe(
          chooseByAffinity([...ALL], text),
        )
      }),
    )
  })

  it('gives each endpoint the share of its weight', () => {
    const chosen = texts.map((text) => chooseByAffinity([...ALL], text).name)
    const share = (name: string): number => chosen.filter((one) => one === name).length / texts.length
    expect(share('https://a.example')).toBeCloseTo(0.25, 1)
    expect(share('https://c.example')).toBeCloseTo(0.5, 1)
  })

  it('moves only the texts of an endpoint that is missing', () => {
    const [a, b, c] = ALL
    for (const text of texts.slice(0, 500)) {
      const before = chooseByAffinity([...ALL], text)
      if (before !== b) expect(chooseByAffinity([a, c], text)).toBe(before)
    }
  })
})

describe('endpointAffinity', () => {
  const headers = [['session-id', 's1']] as const

  it('is told the headers by any case of the name, and the key of the prompt cache', () => {
    expect(affinityOf(({ header }) => header('Session-ID'), headers, undefined)).toBe('s1')
    expect(affinityOf(({ header, promptCacheKey }) => header('x') ?? promptCacheKey, headers, 'key')).toBe('key')
  })

  it.each([
    [
      'a throw',
      () => {
        throw new Error('no')
      },
    ],
    ['an empty text', () => ''],
    ['a number', invalid(() => 1)],
    ['nothing', () => undefined],
  ])('leaves the choice open after %s', (_, hook) => {
    expect(affinityOf(hook, headers, 'key')).toBeUndefined()
  })
})
