import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { explain } from '../../src/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { outcomeOf } from '../e2e/support/calls.ts'
import { collectGarbageUntil } from '../e2e/support/collect-garbage.ts'
import { turns, until } from '../support/until.ts'
import { CUT_AFTER_OUTPUT } from './support/failures.ts'
import { type Host, read } from './support/host.ts'
import { forEachHost } from './support/world.ts'

const STALL = { effect: 'stall' } as const
const MID_STREAM = { ...(CUT_AFTER_OUTPUT.faults[0] as Extract<Fault, { at: 'before_event' }>), ...STALL } as Fault

const MOMENTS: ReadonlyArray<readonly [when: string, fault: Fault]> = [
  ['before the headers', { at: 'headers', ...STALL }],
  ['in the prelude', { at: 'before_event', event: 2, ...STALL }],
  ['in the middle of the stream', MID_STREAM],
]

/** Real time: enough to come to the moment of the fault on a busy machine. */
const OWN_TIMEOUT_MS = 500
const OWN_TIMEOUT = {
  openai: /^APIConnectionTimeoutError: Request timed out/,
  ai: /^abort part: .*timeout/i,
  agents: /^ModelTimeoutError ETIMEDOUT: .*timed out/,
} satisfies Record<Host['kind'], RegExp>

/** The attempts of a call that an SDK has aborted. On a busy machine its timeout may expire before there is a connection. */
const ABORTED = /^attempt 1 at .* aborted by the caller after \d+ ms, \w+ /

await forEachHost((version, start) => {
  const { describe, isAbort, kind } = version

  it.for(MOMENTS)('aborts %s', async ([, fault]) => {
    const { host, server } = await start()
    server.script([fault])
    const controller = new AbortController()
    const outcome = read(host.stream({ signal: controller.signal }))
    await server.waitFor('fault')
    await turns()
    controller.abort()
    const { answer, error } = await outcome
    await server.waitFor('connection_closed')
    expect(answer.finished).toBe(false)
    // openai, and agents-js with it, ends an aborted stream without a word.
    if (fault === MID_STREAM && kind !== 'ai') expect(error).toBeUndefined()
    else expect(isAbort(error), String(error)).toBe(true)
    expect(server.requests.map((request) => request.outcome)).toEqual(['client_gone'])
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('aborts while we wait to try again, and nothing is sent after that', async () => {
    const clock = new VirtualClock()
    // Without the jitter that is added to a hint.
    const { host, server } = await start({ client: { clock, random: () => 0 } })
    server.script([{ at: 'headers', effect: 'status', status: 503, headers: { 'retry-after': '30' } }])
    const controller = new AbortController()
    const outcome = read(host.stream({ signal: controller.signal }))
    await until(() => clock.pending().some(({ inMs }) => inMs === 30_000), 'the wait before the retry')
    controller.abort()
    const { error } = await outcome
    expect(isAbort(error), String(error)).toBe(true)
    await clock.advance(60_000)
    expect(server.requests).toHaveLength(1)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  // The timeout of openai ends with the headers.
  it.for(MOMENTS.filter(([, fault]) => kind !== 'openai' || fault !== MID_STREAM))(
    'is cut by its own timeout %s',
    async ([, fault]) => {
      const { host, server } = await start({ host: { timeoutMs: OWN_TIMEOUT_MS } })
      server.script([fault])
      const { answer, error } = await read(host.stream())
      await server.waitFor('connection_closed')
      expect(answer.finished).toBe(false)
      expect(`${describe(error)}: ${(error as Error).message}`).toMatch(OWN_TIMEOUT[kind])
      if (kind !== 'ai') expect(explain(error)).toMatch(ABORTED)
      expect(server.requests.map((request) => request.outcome)).toEqual(['client_gone'])
    },
  )

  // The AI SDK ends a stream by a part, and rejects a call that does not stream.
  it.runIf(kind === 'ai')('gets an error after its own timeout that leads to the attempts of the call', async () => {
    const { host, server } = await start({ host: { timeoutMs: OWN_TIMEOUT_MS } })
    server.script([{ at: 'headers', ...STALL }])
    const { error } = await outcomeOf(host.create())
    await server.waitFor('connection_closed')
    expect(describe(error)).toBe('TimeoutError')
    expect(explain(error)).toMatch(ABORTED)
  })

  it('leaves a stream in the middle, and the socket is freed', async () => {
    const clock = new VirtualClock()
    const { host, server } = await start({ client: { clock } })
    server.script([MID_STREAM])
    for await (const part of host.stream()) if (part.type === 'text') break
    // The AI SDK goes on waiting for what comes next: only a deadline, or the caller's signal, ends that.
    if (kind === 'ai') await clock.advance(300_000)
    await server.waitFor('connection_closed')
    expect(server.requests.map((request) => request.outcome)).toEqual(['client_gone'])
  })

  it('aborts a stream that it has left', async () => {
    const { host, server } = await start()
    server.script([MID_STREAM])
    const controller = new AbortController()
    for await (const part of host.stream({ signal: controller.signal })) if (part.type === 'text') break
    controller.abort()
    await server.waitFor('connection_closed')
    expect(server.requests.map((request) => request.outcome)).toEqual(['client_gone'])
  })

  it.skipIf(!version.connect({ baseURL: 'http://127.0.0.1:9/v1' }).sdk)('drops a response unread', async () => {
    const { host, server } = await start()
    server.script([MID_STREAM])
    await (async () => void (await host.sdk?.unread()))()
    await collectGarbageUntil(() => server.requests[0]?.outcome === 'client_gone')
    expect(server.requests.map((request) => request.outcome)).toEqual(['client_gone'])
  })
})
