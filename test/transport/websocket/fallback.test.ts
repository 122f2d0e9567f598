import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import { Fallback } from '../../../src/transport/websocket/fallback.ts'
import { socketKeyOf } from '../../../src/transport/websocket/socket-key.ts'

const keyOf = (url: string, token: string) => socketKeyOf(new URL(url), [['authorization', token]])
const KEY = keyOf('https://api.test/v1/responses', 'a')
const OTHER_TOKEN = keyOf('https://api.test/v1/responses', 'b')
const OTHER_PATH = keyOf('https://api.test/v2/responses', 'a')

describe('an address that did not upgrade', () => {
  it('is served over HTTP for fallbackMs, then one caller probes while the others stay with HTTP', async () => {
    const clock = new VirtualClock()
    const fallback = new Fallback({ clock, fallbackMs: 600_000 })
    expect(fallback.servesFor(KEY)).toBe(false)
    fallback.refused(KEY)
    await clock.advance(599_999)
    expect([fallback.servesFor(KEY), fallback.servesFor(OTHER_TOKEN), fallback.servesFor(OTHER_PATH)]).toEqual([
      true,
      true,
      false,
    ])
    await clock.advance(1)
    expect([fallback.servesFor(OTHER_TOKEN), fallback.servesFor(KEY)]).toEqual(['probe', true])
    fallback.notProbed(OTHER_TOKEN)
    expect([fallback.servesFor(KEY), fallback.servesFor(KEY)]).toEqual(['probe', true])
    fallback.refused(KEY)
    await clock.advance(599_999)
    expect(fallback.servesFor(KEY)).toBe(true)
    await clock.advance(1)
    expect(fallback.servesFor(KEY)).toBe('probe')
    fallback.upgraded(KEY)
    expect(fallback.servesFor(OTHER_TOKEN)).toBe(false)
  })

  it('keeps the refusal of one credential from the callers that have another', () => {
    const fallback = new Fallback({ clock: new VirtualClock(), fallbackMs: 1000 })
    fallback.refused(KEY, true)
    expect([fallback.servesFor(KEY), fallback.servesFor(OTHER_TOKEN)]).toEqual([true, false])
  })

  it('is not remembered with fallbackMs: 0', () => {
    const fallback = new Fallback({ clock: new VirtualClock(), fallbackMs: 0 })
    fallback.refused(KEY)
    expect(fallback.servesFor(KEY)).toBe(false)
  })
})
