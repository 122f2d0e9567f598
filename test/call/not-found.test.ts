import { describe, expect, it } from 'vitest'
import {
  askHook,
  type PreviousResponseNotFoundContext,
  type PreviousResponseNotFoundHook,
} from '../../src/call/not-found.ts'
import { AbortScope } from '../../src/core/abort.ts'
import { VirtualClock } from '../../src/testing/index.ts'

const BODY = { model: 'm', previous_response_id: 'resp_1', stream: true }
const context = (body: object = BODY): PreviousResponseNotFoundContext => ({
  previousResponseId: 'resp_1',
  request: { url: 'https://api.test/v1/responses', body: body as Record<string, unknown> },
  attempts: [
    {
      attempt: 1,
      outcome: 'answered',
      phase: 'waiting',
      generation: 0,
      connectionReused: false,
      startedAtMs: 0,
      endedAtMs: 5,
    },
  ],
  reason: 'first_answer',
})

/** Asks a hook: what was made of its answer, or what was thrown. */
async function ask(hook: (...given: Parameters<PreviousResponseNotFoundHook>) => unknown, body?: object) {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const scope = new AbortScope(controller.signal)
  const asking = askHook(hook as PreviousResponseNotFoundHook, context(body), { clock, scope })
  const outcome = asking.then(
    (rebuilt) => {
      if (rebuilt === undefined) return { rebuilt }
      if (rebuilt.kind !== 'bytes') throw new Error(`a body of the kind ${rebuilt.kind}`)
      return { rebuilt: JSON.parse(Buffer.from(rebuilt.bytes).toString()) as unknown }
    },
    (error: unknown) => ({ error: error as Error & { code: string } }),
  )
  return { clock, controller, outcome }
}
const rebuilt = async (answer: unknown, body?: object): Promise<unknown> => {
  const { outcome, clock } = await ask(() => answer, body)
  const settled = await outcome
  clock.assertNothingPending()
  return 'rebuilt' in settled ? settled.rebuilt : settled
}
const message = async (hook: () => unknown): Promise<unknown> => {
  const settled = await (await ask(hook)).outcome
  return 'error' in settled ? settled.error.message : settled
}

describe('the answer of the hook', () => {
  it('is the body of the next request, which streams as the first one did', async () => {
    expect(await rebuilt({ model: 'n' })).toEqual({ model: 'n', stream: true })
    expect(await rebuilt(Promise.resolve({ model: 'n' }), { stream: false })).toEqual({ model: 'n', stream: false })
    expect(await rebuilt({ model: 'n', stream: false })).toEqual({ model: 'n', stream: false })
    expect(await rebuilt({ model: 'n' }, {})).toEqual({ model: 'n' })
    expect(await rebuilt({ stream: undefined })).toEqual({})
  })

  it('may be undefined', async () => {
    expect(await rebuilt(undefined)).toBeUndefined()
  })

  it.each([[null], [[]], ['{}'], [5], [true]])('is refused if it is not an object: %j', async (answer) => {
    expect(await message(() => answer)).toBe(
      'onPreviousResponseNotFound must return the body of a request as an object, or undefined.',
    )
  })
})

describe('a hook', () => {
  it('gets all facts, and a copy of the body', async () => {
    const body = { input: [{ role: 'user' }] }
    const told: PreviousResponseNotFoundContext[] = []
    const { outcome } = await ask((given) => {
      told.push(given)
      ;(given.request.body.input as unknown[]).length = 0
      return undefined
    }, body)
    await outcome
    const { request: _, ...rest } = context()
    expect(told).toMatchObject([{ ...rest, request: { url: 'https://api.test/v1/responses', body: { input: [] } } }])
    expect(body.input).toHaveLength(1)
  })

  it.each([
    ['throws', () => Promise.reject(new Error('no Bearer hunter2hunter2'))],
    [
      'throws at once',
      () => {
        throw new Error('no Bearer hunter2hunter2')
      },
    ],
  ])('that %s fails the call, and its error is never printed', async (_, hook) => {
    const settled = await (await ask(hook)).outcome
    const error = 'error' in settled ? settled.error : undefined
    expect(error).toMatchObject({ name: 'RequestError', code: 'hook_failed', attempts: context().attempts })
    expect(error?.message).toMatch(/^onPreviousResponseNotFound failed: no /)
    expect(error?.message).not.toContain('hunter2')
    expect((error?.cause as Error | undefined)?.message).toBe('no Bearer hunter2hunter2')
    expect(Object.keys(error ?? {})).not.toContain('cause')
  })

  it('that throws a value other than an error is reported so', async () => {
    expect(await message(() => Promise.reject('why'))).toBe('onPreviousResponseNotFound failed: no detail.')
  })

  it('that returns nonsense has no cause', async () => {
    const settled = await (await ask(() => null)).outcome
    expect('error' in settled && 'cause' in settled.error).toBe(false)
  })

  it('has 30 seconds', async () => {
    const { clock, outcome } = await ask(() => new Promise(() => {}))
    let settled: Awaited<typeof outcome> | undefined
    void outcome.then((result) => {
      settled = result
    })
    await clock.advance(29_999)
    expect(settled).toBeUndefined()
    await clock.advance(1)
    expect(settled).toMatchObject({
      error: {
        code: 'hook_failed',
        message: 'onPreviousResponseNotFound timed out: it did not settle within 30 s.',
      },
    })
    clock.assertNothingPending()
  })

  it('is not awaited after an abort', async () => {
    const { clock, controller, outcome } = await ask(() => new Promise(() => {}))
    controller.abort('why')
    expect(await outcome).toEqual({ error: 'why' })
    clock.assertNothingPending()
  })
})
