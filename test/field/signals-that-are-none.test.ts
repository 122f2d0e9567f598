import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { isResilientError, ResilientClient } from '../../src/index.ts'
import { FakeTransport, fake, textStream, VirtualClock } from '../../src/testing/index.ts'

/** A signal of a library, or of another realm. */
function duck(signal: AbortSignal, changes: object = {}): AbortSignal {
  return {
    get aborted() {
      return signal.aborted
    },
    get reason() {
      return signal.reason
    },
    addEventListener: signal.addEventListener.bind(signal),
    removeEventListener: signal.removeEventListener.bind(signal),
    ...changes,
  } as AbortSignal
}

const fails = (): never => {
  throw new Error('not here')
}
const { signal: real } = new AbortController()

const NO_SIGNALS: ReadonlyArray<readonly [string, unknown]> = [
  ['the controller of one', new AbortController()],
  ['a text', 'x'],
  ['true', true],
  ['a number', 5],
  ['{}', {}],
  ['{ aborted: true }', { aborted: true }],
  ['an EventTarget', new EventTarget()],
  ['a function', () => {}],
  ['one whose addEventListener throws', duck(real, { addEventListener: fails })],
  ['one without removeEventListener', duck(real, { removeEventListener: undefined })],
  ['one whose `aborted` is no boolean', duck(real, { aborted: undefined })],
  ['one whose `aborted` throws', Object.defineProperty(duck(real), 'aborted', { get: fails })],
]

describe.each([
  ['one call after the other', {}],
  ['concurrency.calls', { concurrency: { calls: 1 } }],
])('what is no AbortSignal is refused before a call is under way, with %s', (_options, options) => {
  it.each(NO_SIGNALS)('%s', async (_what, signal) => {
    const transport = new FakeTransport([], { clock: new VirtualClock() })
    const client = new ResilientClient({ transport, ...options })
    const given = { signal: signal as AbortSignal }
    for (let n = 0; n < 3; n++) {
      await expect(
        client.fetch('https://api.test/v1/responses', { method: 'POST', body: '{}', ...given }),
      ).rejects.toThrow(/^signal: got .*; accepted: an AbortSignal\.$/)
      const typed = await client.responses.create({ model: 'm', input: 'x' }, given).catch((error: unknown) => error)
      expect(isResilientError(typed, 'invalid_configuration')).toBe(true)
    }
    expect(client.stats()).toMatchObject({ activeCalls: 0, waitingCalls: 0 })
    await client.close()
    expect(transport.requests).toEqual([])
  })
})

it('a signal of another library is accepted, and keeps no listener of ours', async () => {
  const clock = new VirtualClock()
  const transport = new FakeTransport([fake.respond(textStream()), fake.stall()], { clock })
  const client = new ResilientClient({ transport })
  const controller = new AbortController()
  const signal = duck(controller.signal)
  const init = { method: 'POST', body: '{"stream":true}', signal }
  await (await client.fetch('https://api.test/v1/responses', init)).text()
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  const stalled = client.fetch('https://api.test/v1/responses', init)
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(stalled).rejects.toBe(reason)
  await client.close()
  clock.assertNothingPending()
})
