import { describe, expect, expectTypeOf, it } from 'vitest'
import { ConfigurationError, type ResponseStreamEvent, type StreamRestartedEvent } from '../../src/index.ts'
import { invalid } from '../support/typed.ts'
import { scenario } from './harness.ts'

const params = { model: 'm', input: 'hi' }

/** What a method says to options that it does not accept; nothing may have been sent. */
async function refusal(method: 'stream' | 'create' | 'resume' | 'retrieve' | 'cancel', options: unknown) {
  const s = scenario([])
  const { responses } = s.client
  const call = async (): Promise<unknown> =>
    method === 'stream' || method === 'create'
      ? responses[method](params, invalid(options))
      : responses[method]('resp_1', invalid(options))
  const error = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigurationError)
  expect(s.transport.requests).toEqual([])
  await s.nothingIsLeft()
  return error as ConfigurationError
}

describe('options of one request', () => {
  it.each([
    ['stream', 'signal, headers, label, interruption, validate'],
    ['create', 'signal, headers, label, validate, onDelta, onRestart'],
    ['resume', 'signal, headers, label, starting_after, validate'],
    ['retrieve', 'signal, headers, label'],
    ['cancel', 'signal, headers, label'],
  ] as const)('of %s that are unknown are refused with name, value, and what is accepted', async (method, accepted) => {
    const error = await refusal(method, { timeoutMs: 5 })
    expect(error.path).toBe('options.timeoutMs')
    expect(error.message).toContain(
      `Unknown option 'timeoutMs' of responses.${method}() (got 5); accepted are ${accepted}.`,
    )
    expect(error.message).toContain('client.withOptions')
  })

  it('of another method are unknown, too, and so are names that every object has', async () => {
    expect((await refusal('create', { interruption: 'restart' })).path).toBe('options.interruption')
    expect((await refusal('stream', { starting_after: 5 })).path).toBe('options.starting_after')
    expect((await refusal('retrieve', { constructor: 1 })).path).toBe('options.constructor')
  })

  it('with the old name are refused with the new one', async () => {
    const error = await refusal('stream', { onInterrupted: 'restart' })
    expect(error.path).toBe('options.onInterrupted')
    expect(error.message).toBe("Option 'options.onInterrupted' has a new name: 'options.interruption'.")
  })

  it('are refused without showing the text of an unknown one, which may be a key', async () => {
    const { message } = await refusal('stream', { apiKey: 'swordfish' })
    expect(message).toContain("Unknown option 'apiKey' of responses.stream() (got a string of 9 characters)")
    expect(message).not.toContain('swordfish')
  })

  it.each([
    ['stream', { interruption: 'again' }, 'options.interruption', "'again'", "'error' or 'restart'"],
    ['stream', { validate: true }, 'options.validate', 'true', "'off', 'report' or 'strict'"],
    ['stream', { signal: {} }, 'options.signal', 'a value of type object', 'an AbortSignal'],
    ['create', { onDelta: null }, 'options.onDelta', 'null', 'a function'],
    ['resume', { starting_after: '5' }, 'options.starting_after', "'5'", 'a whole number from 0'],
    ['retrieve', { headers: new Headers() }, 'options.headers', 'a value of type object', 'an object of strings'],
    ['cancel', { headers: { 'x-a': 5 } }, "options.headers['x-a']", 'a value of type number', 'a string'],
    ['create', { headers: { 'x-a': undefined } }, "options.headers['x-a']", 'undefined', 'a string'],
    ['create', 5, 'options', 'a value of type number', 'an object'],
    ['stream', [], 'options', 'an array', 'an object'],
    ['stream', null, 'options', 'null', 'an object'],
  ] as const)('of the wrong kind are refused: %s %j', async (method, options, path, value, accepted) => {
    const error = await refusal(method, options)
    expect(error.path).toBe(path)
    expect(error.message).toBe(`${path}: got ${value}; accepted: ${accepted}.`)
  })

  it('may each be undefined', () => {
    const s = scenario(() => [])
    const options = { signal: undefined, headers: undefined, interruption: undefined, validate: undefined }
    expect(() => s.responses.stream(params, options)).not.toThrow()
    expect(() => s.responses.stream(params, undefined)).not.toThrow()
  })

  it('are checked by the compiler: an unknown one is an error, and restart events are typed if they are enabled', () => {
    const s = scenario([])
    const typed = () => {
      // @ts-expect-error an unknown option, alone
      s.responses.stream(params, { timeoutMs: 5 })
      // @ts-expect-error and beside one that is known
      s.responses.stream(params, { validate: 'off', timeoutMs: 5 })
      // @ts-expect-error also where a restart is asked for
      s.responses.stream(params, { interruption: 'restart', timeoutMs: 5 })
      return {
        plain: s.responses.stream(params),
        restarted: s.responses.stream(params, { interruption: 'restart' }),
      }
    }
    type Events<S> = S extends AsyncIterable<infer E> ? E : never
    expectTypeOf<Events<ReturnType<typeof typed>['plain']>>().toEqualTypeOf<ResponseStreamEvent>()
    expectTypeOf<Events<ReturnType<typeof typed>['restarted']>>().toEqualTypeOf<
      ResponseStreamEvent | StreamRestartedEvent
    >()
  })

  it.each(['onDelta', 'onRestart', 'validate'])(
    'of create that do not apply to a background response are refused: %s',
    async (name) => {
      const s = scenario([])
      const options = { [name]: name === 'validate' ? 'strict' : () => {} }
      const { error } = await s.settle(s.responses.create({ ...params, background: true }, options))
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(String(error)).toContain(`options.${name} has no effect in create() with background: true`)
      expect(s.transport.requests).toEqual([])
      await s.nothingIsLeft()
    },
  )
})
