import { describe, expect, it } from 'vitest'
import { fieldServer, streamAnswer } from './support/field-server.ts'
import { HELLO_BODY } from './support/hello.ts'
import { added, broken, created, delta } from './support/kept.ts'
import { ASKED, withClient } from './support/play.ts'

describe('an error that a callback of create() throws', () => {
  const ways = {
    'by throwing': (error: Error) => () => {
      throw error
    },
    'by rejecting at once': (error: Error) => () => Promise.reject(error),
    'by rejecting later': (error: Error) => async () => {
      await Promise.resolve()
      throw error
    },
  }

  it.each(Object.entries(ways))('ends the call, %s', async (_name, failing) => {
    await using server = await fieldServer([broken(created(0), added(1), delta(2, 'a')), streamAnswer(HELLO_BODY)])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      for (const callback of ['onRestart', 'onDelta'] as const) {
        const error = new Error(callback)
        const asked = responses.create(ASKED, { [callback]: failing(error) })
        await expect(asked).rejects.toBe(error)
      }
    })
  })

  it('delays the next event until it settles, but not an abort', async () => {
    await using server = await fieldServer([streamAnswer(HELLO_BODY)])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      const controller = new AbortController()
      const reason = new Error('enough')
      const asked = responses.create(ASKED, {
        signal: controller.signal,
        onDelta: () => {
          queueMicrotask(() => controller.abort(reason))
          return new Promise(() => {})
        },
      })
      await expect(asked).rejects.toBe(reason)
    })
  })
})

describe('resume from a negative number', () => {
  it.each([-1, 0.5])('is refused: %d', async (number) => {
    await withClient({ baseURL: 'http://127.0.0.1:9/v1' }, async ({ responses }) => {
      expect(() => responses.resume('resp_1', { starting_after: number })).toThrow(/starting_after/)
    })
  })
})
