import { describe, expect, it, vi } from 'vitest'
import { Lazy } from '../../src/core/lazy.ts'

describe('a part that is loaded when it is needed', () => {
  it('is loaded once, however many ask for it at the same time', async () => {
    const load = vi.fn(async () => ({ part: 1 }))
    const lazy = new Lazy(load)
    expect(lazy.loaded).toBeUndefined()
    expect(load).not.toHaveBeenCalled()
    const [one, other] = await Promise.all([lazy.load(), lazy.load()])
    expect(one).toBe(other)
    expect(lazy.loaded).toBe(one)
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('is asked for again after it could not be loaded', async () => {
    const load = vi.fn(async () => 'part').mockRejectedValueOnce(new Error('EMFILE'))
    const lazy = new Lazy(load)
    await expect(lazy.load()).rejects.toThrow('EMFILE')
    expect(lazy.loaded).toBeUndefined()
    await expect(lazy.load()).resolves.toBe('part')
    expect(lazy.loaded).toBe('part')
  })

  it('is not loaded where it was handed over', async () => {
    const load = vi.fn(async () => 'loaded')
    const lazy = new Lazy(load)
    lazy.provide('provided')
    expect(lazy.loaded).toBe('provided')
    await expect(lazy.load()).resolves.toBe('provided')
    expect(load).not.toHaveBeenCalled()
  })
})
