import { describe, expect, it } from 'vitest'
import { RequestError } from '../../src/errors/errors.ts'
import { Part } from '../../src/errors/part.ts'

const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code })

describe('a part that cannot be loaded', () => {
  it.each([
    ['a broken bundle', new Error('Dynamic require of "node:assert" is not supported'), /banner/],
    ['a missing package', coded('ERR_MODULE_NOT_FOUND', "Cannot find package 'zod'"), /Install/],
    ['a thrown value', 'no error', /no detail/],
  ])('says what to do: %s', async (_, cause, words) => {
    const error: unknown = await new Part(() => Promise.reject(cause)).load().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toMatchObject({ code: 'part_not_loaded', retryable: false, replaySafety: 'safe', cause })
    expect((error as Error).message).toMatch(words)
  })

  it('is asked for again, and a lack of file descriptors stays what it is', async () => {
    const lack = coded('EMFILE')
    const outcomes = [() => Promise.reject(lack), () => Promise.resolve(7)]
    const part = new Part(() => (outcomes.shift() as () => Promise<number>)())
    await expect(part.load()).rejects.toBe(lack)
    expect(await part.load()).toBe(7)
  })
})
