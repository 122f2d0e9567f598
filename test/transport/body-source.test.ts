import { describe, expect, it, vi } from 'vitest'
import { BodySource } from '../../src/transport/body-source.ts'
import { invalid } from '../support/typed.ts'

async function* of(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function sizes(source: BodySource): Promise<number[]> {
  const found: number[] = []
  for await (const chunk of source) found.push(chunk.length)
  return found
}

describe('a body source', () => {
  it('opens the body when the first bytes are read, and not before', async () => {
    const open = vi.fn(() => of(Buffer.from('a')))
    const source = new BodySource(open, undefined)
    expect(open).not.toHaveBeenCalled()
    expect(await sizes(source)).toEqual([1])
    expect(open).toHaveBeenCalledTimes(1)
  })

  it('cuts large chunks, so that progress can be seen, and leaves out empty ones', async () => {
    const whole = Buffer.from(Array.from({ length: 150_000 }, (_, n) => n % 251))
    const source = new BodySource(() => of(Buffer.alloc(0), whole, Buffer.alloc(0)), 150_000)
    const chunks: Uint8Array[] = []
    for await (const chunk of source) chunks.push(chunk)
    expect(chunks.map(({ length }) => length)).toEqual([65_536, 65_536, 18_928])
    expect(Buffer.concat(chunks).equals(whole)).toBe(true)
  })

  it('marks a failure as the caller’s, with what was thrown as its cause', async () => {
    const cause = new Error('disk on fire')
    const source = new BodySource(async function* () {
      yield Buffer.from('half')
      throw cause
    }, undefined)
    await source.next()
    await expect(source.next()).rejects.toMatchObject({ code: 'ERR_RESILIENT_BODY', cause })
    expect(await source.next()).toEqual({ done: true, value: undefined })
  })

  it('marks a body that cannot be opened as the caller’s failure, too', async () => {
    const source = new BodySource(() => {
      throw new TypeError('locked')
    }, undefined)
    await expect(source.next()).rejects.toMatchObject({ code: 'ERR_RESILIENT_BODY' })
  })

  it.each([
    ['shorter', 3],
    ['longer', 1],
  ])('fails a body that is %s than announced, before a wrong byte goes out', async (_what, announced) => {
    const source = new BodySource(() => of(Buffer.from('ab')), announced)
    const taken: number[] = []
    const reading = (async () => {
      for await (const chunk of source) taken.push(chunk.length)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_RESILIENT_BODY' })
    expect(taken).toEqual(announced === 1 ? [] : [2])
  })

  it('refuses a chunk that is not bytes', async () => {
    const source = new BodySource(() => of(invalid('text')), undefined)
    await expect(source.next()).rejects.toMatchObject({ code: 'ERR_RESILIENT_BODY' })
  })

  it('cancels the body once when nothing more is needed, even during a read', async () => {
    const end = vi.fn(async () => ({ done: true as const, value: undefined }))
    const stalled = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), return: end }),
    }
    const source = new BodySource(() => stalled, undefined)
    const pending = source.next()
    source.stop()
    source.stop()
    await source.return()
    expect(end).toHaveBeenCalledTimes(1)
    await expect(pending).rejects.toMatchObject({ code: 'ERR_RESILIENT_BODY' })
    // An end would pass for that of the whole body.
    await expect(source.next()).rejects.toMatchObject({ code: 'ERR_RESILIENT_BODY' })
  })

  it('ends for a consumer that has left', async () => {
    const source = new BodySource(() => of(Buffer.from('a'), Buffer.from('b')), undefined)
    await source.next()
    await source.return()
    expect(await source.next()).toEqual({ done: true, value: undefined })
  })

  it('does not open a body that was never read', async () => {
    const open = vi.fn(() => of())
    const source = new BodySource(open, undefined)
    source.stop()
    await expect(source.next()).rejects.toMatchObject({ code: 'ERR_RESILIENT_BODY' })
    expect(open).not.toHaveBeenCalled()
  })

  it('ignores a failure of a body that is being cancelled', async () => {
    const rude = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: Buffer.from('x') }),
        return: () => {
          throw new Error('rude')
        },
      }),
    }
    const source = new BodySource(() => rude, undefined)
    await source.next()
    source.stop()
  })
})
