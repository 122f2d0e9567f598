import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import type { TelemetryEvent } from '../../src/index.ts'
import { failedStream, fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario } from '../client/harness.ts'

const CREATED = { type: 'response.created', response: { id: 'r', status: 'in_progress' } }
const DELTA = { type: 'response.output_text.delta', delta: 'hi' }

/** The events of one call as a tree in one line: attempts in brackets. */
function tree(events: readonly TelemetryEvent[]): string {
  const words = events.flatMap((event): string[] => {
    switch (event.type) {
      case 'call_start':
        return ['(']
      case 'attempt_start':
        return [`[${event.attempt}`]
      case 'attempt_end':
        return [`${event.record.outcome}${event.record.code === undefined ? '' : `:${event.record.code}`}]`]
      case 'attempt_commit':
        return [`commit:${event.reason}`]
      case 'retry_decision':
        return [event.decision.retry ? 'retry' : event.decision.reason]
      case 'call_end':
        return [`${event.outcome})`]
      case 'attempt_connected':
      case 'attempt_headers':
      case 'attempt_first_event':
        return [event.type.slice('attempt_'.length)]
      default:
        return []
    }
  })
  return words.join(' ')
}

describe('the events of a call', () => {
  it.each<[what: string, script: Parameters<typeof scenario>[0], expected: string]>([
    [
      'that succeeds',
      [fake.respond(textStream())],
      '( [1 connected headers first_event commit:progress committed] completed)',
    ],
    [
      'whose first attempts fail in one way each',
      [
        fake.connectError('ECONNREFUSED'),
        fake.stall(),
        [fake.event(CREATED), fake.reset()],
        fake.respond(failedStream({ code: 'slow_down' })),
        fake.respond(textStream()),
      ],
      '( [1 failed:connection_refused] retry [2 connected failed:ttfb_timeout] retry ' +
        '[3 connected headers first_event failed:connection_reset] retry ' +
        '[4 connected headers first_event answered:response_failed] retry ' +
        '[5 connected headers first_event commit:progress committed] completed)',
    ],
    [
      'that is interrupted',
      [[fake.event(CREATED), fake.event(DELTA), fake.reset()]],
      '( [1 connected headers first_event commit:progress failed:connection_reset] failed)',
    ],
    [
      'that gives up',
      [fake.connectError('CERT_HAS_EXPIRED')],
      '( [1 failed:certificate_rejected] not_retryable failed)',
    ],
    [
      'that ends with the endpoint’s own answer',
      [fake.status(400, { body: { error: { code: 'invalid_prompt' } } })],
      '( [1 connected headers answered:http_status] not_retryable failed)',
    ],
  ])('%s are a tree, starts and ends paired', async (_, script, expected) => {
    const s = scenario(script, { maxRetries: 4 })
    const { value } = await s.settle(s.post())
    if (value !== undefined) await s.settle(readAll(value))
    await s.nothingIsLeft({ allowHangUp: true })
    expect(tree(s.events)).toBe(expected)
    const ids = new Set(s.events.flatMap((event) => ('callId' in event ? [event.callId] : [])))
    expect(ids.size).toBe(1)
    const times = s.events.flatMap((event) => ('atMs' in event ? [event.atMs] : []))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it('that is aborted are a tree as well, wherever the abort comes', async () => {
    for (const [afterMs, expected] of [
      [0, '( [1 connected aborted] aborted)'],
      [45_100, '( [1 connected failed:ttfb_timeout] retry aborted)'],
      [46_000, '( [1 connected failed:ttfb_timeout] retry [2 connected aborted] aborted)'],
    ] as const) {
      const s = scenario([fake.stall(), fake.stall()], { random: () => 0.9 })
      const posted = s.post()
      posted.catch(() => {})
      await s.clock.advance(afterMs)
      s.controller.abort('enough')
      await expect(posted).rejects.toBe('enough')
      await s.clock.advance(1000)
      expect(tree(s.events)).toBe(expected)
    }
  })

  it('are the same on the channels, and carry no credential, query, prompt or output', async () => {
    const published: unknown[] = []
    const listener = (event: unknown): void => void published.push(event)
    const types = ['call_start', 'attempt_start', 'attempt_connected', 'attempt_headers', 'attempt_first_event']
    const all = [...types, 'attempt_commit', 'attempt_end', 'retry_decision', 'call_end'].map(
      (type) => `resilient-responses:${type}`,
    )
    for (const name of all) subscribe(name, listener)
    try {
      const s = scenario([fake.reset(), fake.respond(textStream({ text: 'swordfish' }))])
      const { value } = await s.settle(
        s.client.fetch('https://api.test/v1/responses?key=swordfish', {
          method: 'POST',
          headers: { authorization: 'Bearer swordfish', 'content-type': 'application/json' },
          body: JSON.stringify({ input: 'swordfish', stream: true }),
        }),
      )
      await s.settle(readAll(value as Response))
      expect(published).toEqual(s.events.filter((event) => 'callId' in event))
      expect(JSON.stringify(s.events)).not.toContain('swordfish')
      await s.nothingIsLeft()
    } finally {
      for (const name of all) unsubscribe(name, listener)
    }
  })

  it('do not affect the call if the listener throws for each of them', async () => {
    let heard = 0
    const s = scenario([fake.reset(), fake.respond(textStream({ text: 'fine' }))], {
      onEvent: () => {
        heard++
        throw new Error('listener')
      },
    })
    const { value } = await s.settle(s.post())
    const { value: read } = await s.settle(readAll(value as Response))
    expect(read).toMatchObject({ error: undefined, text: expect.stringContaining('response.completed') })
    expect(heard).toBeGreaterThan(5)
    await s.nothingIsLeft()
  })
})
