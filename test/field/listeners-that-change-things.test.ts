import { describe, expect, it } from 'vitest'
import { explain, ResilientClient, type ResilientError, type TelemetryEvent } from '../../src/index.ts'
import { invalid } from '../support/typed.ts'
import { fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { HELLO_BODY } from './support/hello.ts'
import { ASKED, playCreate } from './support/play.ts'

/** Changes what it gets, as far as it can, deep inside. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, field] of Object.entries(value)) {
    spoil(field)
    try {
      Object.assign(value, { [name]: 'EVIL' })
    } catch {}
  }
}

describe('a listener that changes an event', () => {
  it('changes neither the history of the call nor what other listeners get', async () => {
    await using server = await fieldServer([jsonAnswer(503, { error: { code: 'slow_down' } })])
    const seen: TelemetryEvent[] = []
    const { error } = await playCreate({
      baseURL: server.baseURL,
      maxRetries: 1,
      onEvent: spoil,
      instrumentations: [{ onEvent: spoil }, { onEvent: (event) => seen.push(event) }],
    })
    expect((error as ResilientError).attempts.map(({ status, outcome }) => [status, outcome])).toEqual([
      [503, 'answered'],
      [503, 'answered'],
    ])
    expect(explain(error) + JSON.stringify(seen)).not.toContain('EVIL')
    expect(seen.find(({ type }) => type === 'call_end')).toMatchObject({ outcome: 'failed', attempts: 2 })
  })
})

describe('a headers function that changes the body', () => {
  it('changes a copy: every attempt sends the bytes of the caller', async () => {
    await using server = await fieldServer([jsonAnswer(503, {}), streamAnswer(HELLO_BODY)])
    const erase = ({ body }: { readonly body: Uint8Array | undefined }) => {
      body?.fill(65)
      return {}
    }
    const { result } = await playCreate({
      baseURL: server.baseURL,
      headers: erase,
      instrumentations: [{ headers: erase }],
    })
    expect(result?.output_text).toBe('Hi')
    expect(server.requests).toHaveLength(2)
    for (const { body } of server.requests) expect(JSON.parse(String(body))).toMatchObject(ASKED)
  })
})

describe('a list of instrumentations that is not accepted', () => {
  it('is refused with the entry that is wrong', () => {
    const one = { onEvent: () => {} }
    const refused = (instrumentations: readonly unknown[]) => () =>
      new ResilientClient({ instrumentations: invalid(instrumentations) })
    expect(refused([one, { onEvents: 'secret' }])).toThrow(
      /^instrumentations\.1: got a value of type object; accepted: an object with at least one of the functions onEvent, headers and inContext\.$/,
    )
    expect(refused([one, { ...one }, one])).toThrow(
      /^instrumentations\.2: got the same object as instrumentations\.0; accepted: each object once\.$/,
    )
  })
})
