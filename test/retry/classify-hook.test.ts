import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { askClassify, type ClassifyHook, type SeenFailure } from '../../src/retry/classify-hook.ts'

const SEEN: SeenFailure = {
  where: 'status',
  status: 500,
  code: 'some_code',
  type: undefined,
  message: undefined,
  header: () => undefined,
}

function ask(hook: unknown) {
  const told: string[] = []
  return { answer: askClassify(hook as ClassifyHook, SEEN, (problem) => told.push(problem)), told }
}

describe('what `classify` answers', () => {
  it.each(['connection', 'pushback', 'final', undefined] as const)('counts where it is %s', (answer) => {
    expect(ask((seen: SeenFailure) => (seen === SEEN ? answer : 'another failure'))).toEqual({ answer, told: [] })
  })

  it.each(['', 'retry', null, true, 5, {}])(
    'is told as invalid, and leaves it to the library, where it is %j',
    (answer) => {
      expect(ask(() => answer)).toEqual({ answer: undefined, told: ['invalid_result'] })
    },
  )

  it('is told where it throws, and leaves it to the library', () => {
    const hook = (): never => {
      throw new Error('of the hook')
    }
    expect(ask(hook)).toEqual({ answer: undefined, told: ['threw'] })
  })

  it('is invalid where it is a promise, whose rejection does not reach the process', async () => {
    const rejections: unknown[] = []
    const listener = (reason: unknown): void => void rejections.push(reason)
    process.on('unhandledRejection', listener)
    try {
      expect(ask(() => Promise.reject(new Error('of the hook')))).toEqual({
        answer: undefined,
        told: ['invalid_result'],
      })
      await new Promise<void>((resolve) => systemClock.afterIO(resolve))
      expect(rejections).toEqual([])
    } finally {
      process.off('unhandledRejection', listener)
    }
  })
})
