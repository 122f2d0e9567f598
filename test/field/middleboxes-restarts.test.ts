import { describe, expect, it } from 'vitest'
import { isResilientError, ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { seededRandom, textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { HurriedClock } from '../faults/support/hurried-clock.ts'
import { freePorts } from '../support/free-ports.ts'
import { until } from '../support/until.ts'
import { documented, Haproxy, Nginx, onPorts, program } from './support/middleboxes.ts'
import { ASKED } from './support/play.ts'

const clientOf = (port: number, options: ResilientClientOptions = {}): ResilientClient =>
  new ResilientClient({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'sk-field', ...options })

const streams = (port: number, backend: number, extra = ''): string =>
  `${extra}\n${onPorts(documented('nginx', 'event streams'), port, backend)}`

/** What came of many calls: how many succeeded, and the codes of the others. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const settled of await Promise.allSettled(calls)) {
    const reason: unknown = settled.status === 'rejected' ? settled.reason : undefined
    const key = settled.status === 'fulfilled' ? 'ok' : isResilientError(reason) ? reason.code : String(reason)
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

describe.skipIf(program('nginx') === undefined)('restarts of nginx (skipped where nginx is not installed)', () => {
  it('after a reload the streams of old workers continue to their end, and new calls go to new workers', async () => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    await using box = await Nginx.start(port, streams(port, server.port))
    const client = clientOf(port, { maxRetries: 0 })
    server.addFaults({ at: 'before_event', event: 5, effect: 'stall' })
    const calls = Array.from({ length: 10 }, () => client.responses.stream(ASKED).finalResponse())
    await server.waitFor('fault', 10)
    await box.reload()
    server.clearFaults()
    const later = client.responses.create(ASKED)
    server.release()
    expect(await outcomes([...calls, later])).toEqual({ ok: 11 })
    await client.destroy()
  })

  it('a reload that cuts running calls: `create` is repeated, a stream throws', async () => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    const config = streams(port, server.port)
    await using box = await Nginx.start(port, config, (nginx) => {
      nginx.main = 'worker_shutdown_timeout 10ms;'
    })
    const client = clientOf(port)
    server.script([
      [{ at: 'before_event', event: 5, effect: 'stall' }],
      [{ at: 'before_event', event: 5, effect: 'stall' }],
      'ok',
    ])
    const created = client.responses.create(ASKED)
    const streamed = client.responses.stream(ASKED).finalResponse()
    await server.waitFor('fault', 2)
    await box.reload()
    expect(await outcomes([created, streamed])).toMatchObject({ ok: 1 })
    await expect(streamed).rejects.toMatchObject({ name: 'StreamInterruptedError', retryable: expect.any(Boolean) })
    server.release()
    await client.destroy()
  })

  it('no call fails because nginx closes idle connections', async () => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(port, streams(port, server.port, 'keepalive_timeout 2ms;'))
    const client = clientOf(port, { maxRetries: 0 })
    for (let call = 0; call < 300; call++) {
      await client.responses.create(ASKED)
      // Half of them wait for the close, the others race with it.
      if (call % 10 === 0) await until(() => client.stats().idleConnections === 0, 'nginx closes the connection')
    }
    expect(server.requests).toHaveLength(300)
    await client.destroy()
  })

  it.for([10, 50, 200])('none of %i calls fails when nginx is down until each was refused twice', async (count) => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    await using box = await Nginx.start(port, streams(port, server.port))
    const refused = new Map<number, number>()
    const client = clientOf(port, {
      onEvent: (event) => {
        if (event.type === 'retry_decision') refused.set(event.callId, event.attempt)
      },
    })
    await client.responses.create(ASKED)
    await box.stop()
    const calls = Array.from({ length: count }, () => client.responses.create(ASKED))
    const settled = outcomes(calls)
    await until(
      () => [...refused.values()].filter((attempts) => attempts >= 2).length === count,
      'all are refused twice',
    )
    await box.start(port)
    expect(await settled).toEqual({ ok: count })
    await client.destroy()
  })

  it('none of a few calls fails when the endpoint of nginx restarts: cut streams, then 502', async () => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(port, streams(port, server.port))
    const statuses: number[] = []
    const client = clientOf(port, {
      onEvent: (event) => {
        if (event.type === 'attempt_headers') statuses.push(event.status)
      },
    })
    server.addFaults({ at: 'before_event', event: 5, effect: 'stall' })
    const settled = outcomes(Array.from({ length: 5 }, () => client.responses.create(ASKED)))
    await server.waitFor('fault', 5)
    server.clearFaults()
    server.refuseConnections()
    server.dropConnections()
    await until(() => statuses.filter((status) => status === 502).length >= 5, 'nginx answers 502')
    await server.acceptConnections()
    expect(await settled).toEqual({ ok: 5 })
    await client.destroy()
  })

  it('none of 50 calls fails when the endpoint of nginx is down for 300 ms', async () => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    await using _box = await Nginx.start(port, streams(port, server.port))
    const clock = new HurriedClock()
    let asked = 0
    const decided: boolean[] = []
    const client = clientOf(port, {
      clock,
      random: seededRandom(7),
      onEvent: (event) => {
        if (event.type === 'attempt_start') asked++
        if (event.type === 'retry_decision') decided.push(event.decision.retry)
      },
    })
    server.refuseConnections()
    server.dropConnections()
    const settled = outcomes(Array.from({ length: 50 }, () => client.responses.create(ASKED)))
    await until(() => decided.length >= 50, 'every call has met a 502')
    await clock.pass(300)
    await until(() => decided.length === asked, 'what was asked meanwhile has met another 502')
    expect(decided.length).toBeGreaterThan(50)
    await server.acceptConnections()
    await clock.pass(5000)
    expect(await settled).toEqual({ ok: 50 })
    await client.destroy()
  })

  it('a silence before the headers becomes a 504 of nginx, which is retried', async () => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    const config = streams(port, server.port).replace('proxy_read_timeout 1h', 'proxy_read_timeout 500ms')
    await using _box = await Nginx.start(port, config)
    const statuses: number[] = []
    const client = clientOf(port, {
      retry: { baseDelayMs: 1, maxDelayMs: 2 },
      onEvent: (event) => {
        if (event.type === 'attempt_headers') statuses.push(event.status)
      },
    })
    server.script([[{ at: 'headers', effect: 'stall' }], 'ok'])
    const { output_text } = await client.responses.create(ASKED)
    expect(output_text).toContain('Hello')
    expect(statuses).toEqual([504, 200])
    server.release()
    await client.destroy()
  })

  it('a silence after the headers becomes a cut stream, which never counts as complete', async () => {
    await using server = await MockResponsesServer.start()
    const [port = 0] = await freePorts(1)
    const config = streams(port, server.port).replace('proxy_read_timeout 1h', 'proxy_read_timeout 500ms')
    await using _box = await Nginx.start(port, config)
    const client = clientOf(port)
    // A busy machine may let the first attempts end before their output: those are repeated, and meet the same.
    server.addFaults({ at: 'before_event', event: 6, effect: 'stall' })
    const stream = client.responses.stream(ASKED)
    await expect(stream.finalResponse()).rejects.toMatchObject({
      code: expect.stringMatching(/connection_closed|connection_reset|stream_incomplete|body_truncated/),
    })
    server.release()
    await client.destroy()
  })
})

describe.skipIf(program('haproxy') === undefined)(
  'restarts of an endpoint of haproxy (skipped where haproxy is not installed)',
  () => {
    it('`create` repeats streams that it cuts at `timeout server`', async () => {
      await using server = await MockResponsesServer.start({ respond: () => textStream({ id: 'resp_1', text: 'Hi' }) })
      const [port = 0] = await freePorts(1)
      const config = onPorts(documented('haproxy', 'event streams and WebSocket'), port, server.port)
      await using _box = await Haproxy.start(port, config.replace('timeout server 1h', 'timeout server 500ms'))
      const client = clientOf(port, { retry: { baseDelayMs: 1, maxDelayMs: 2 } })
      server.script([[{ at: 'before_event', event: 5, effect: 'stall' }], [{ at: 'headers', effect: 'stall' }], 'ok'])
      expect((await client.responses.create(ASKED)).output_text).toBe('Hi')
      expect(server.requests).toHaveLength(3)
      server.release()
      await client.destroy()
    })

    it('a 503 for want of a server is retried until there is one', async () => {
      const [port = 0, backend = 0] = await freePorts(2)
      const config = onPorts(documented('haproxy', 'event streams and WebSocket'), port, backend)
      await using _box = await Haproxy.start(port, `${config}\n  retries 0\n`)
      let starting: Promise<MockResponsesServer> | undefined
      const client = clientOf(port, {
        maxRetries: 50,
        retry: { baseDelayMs: 10, maxDelayMs: 20, budget: false },
        onEvent(event) {
          if (event.type === 'retry_decision') starting ??= MockResponsesServer.start({ port: backend })
        },
      })
      const { output_text } = await client.responses.create(ASKED)
      expect(output_text).toContain('Hello')
      await client.destroy()
      await (await starting)?.close()
    })
  },
)
