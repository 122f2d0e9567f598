import { describe, expect, it } from 'vitest'
import { ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { freePorts } from '../support/free-ports.ts'
import { RawServer } from '../support/raw-server.ts'
import { documented, Haproxy, type Middlebox, Nginx, onPorts, program } from './support/middleboxes.ts'
import { ASKED } from './support/play.ts'
import { acceptUpgrade } from './support/upgrade.ts'

function clientFor(port: number, options: ResilientClientOptions = {}): ResilientClient {
  return new ResilientClient({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'sk-field', ...options })
}

type Start = (port: number, backend: number) => Promise<Middlebox>

const nginx =
  (title: string, change = (config: string) => config): Start =>
  (port, backend) =>
    Nginx.start(port, change(onPorts(documented('nginx', title), port, backend)))
const haproxy: Start = (port, backend) =>
  Haproxy.start(port, onPorts(documented('haproxy', 'event streams and WebSocket'), port, backend))

const PAGES: ReadonlyArray<readonly [title: string, needs: string, start: Start, upgrades: boolean]> = [
  ['nginx, event streams', 'nginx', nginx('event streams'), false],
  ['nginx, event streams and WebSocket', 'nginx', nginx('event streams and WebSocket'), true],
  ['haproxy', 'haproxy', haproxy, true],
]

describe.each(PAGES)(
  'the configuration for %s (skipped where %s is not installed)',
  (_title, needs, start, upgrades) => {
    const present = it.skipIf(program(needs) === undefined)

    present('passes on each event as it comes', async () => {
      await using server = await MockResponsesServer.start()
      const [port = 0] = await freePorts(1)
      await using _box = await start(port, server.port)
      const client = clientFor(port, { commit: 'first_event' })
      server.script([{ at: 'before_event', event: 2, effect: 'stall' }])
      const stream = client.responses.stream(ASKED)
      const types: string[] = []
      for await (const { type } of stream) {
        types.push(type)
        // The endpoint goes on only when two events have come out.
        if (types.length !== 2) continue
        await server.waitFor('fault')
        server.release()
      }
      expect(types.slice(0, 2)).toEqual(['response.created', 'response.in_progress'])
      expect(types.at(-1)).toBe('response.completed')
      await client.destroy()
    })

    present('takes an input of 5 MB', async () => {
      await using server = await MockResponsesServer.start()
      const [port = 0] = await freePorts(1)
      await using _box = await start(port, server.port)
      const client = clientFor(port)
      const { output_text } = await client.responses.create({ ...ASKED, input: 'x'.repeat(5_000_000) })
      expect(output_text).toContain('x'.repeat(5_000_000))
      expect(server.requests).toHaveLength(1)
      await client.destroy()
    })

    it.skipIf(program(needs) === undefined || !upgrades)(
      'passes on an upgrade to WebSocket, and the messages after it',
      async () => {
        await using server = await RawServer.start({ onConnection: acceptUpgrade })
        const [port = 0] = await freePorts(1)
        await using _box = await start(port, server.port)
        const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/responses`)
        const echoed = await new Promise((resolve, reject) => {
          socket.onopen = () => socket.send('{"type":"response.create"}')
          socket.onmessage = ({ data }) => resolve(data)
          socket.onerror = () => reject(new Error('the upgrade failed'))
        })
        expect(echoed).toBe('{"type":"response.create"}')
        const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
        socket.close()
        await server.close()
        await closed
      },
    )
  },
)

describe.skipIf(program('nginx') === undefined)(
  'what the page says of nginx (skipped where nginx is not installed)',
  () => {
    /** What most people begin with. */
    const plain = (port: number, backend: number): Promise<Middlebox> =>
      Nginx.start(port, `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${backend}; } }`)

    it('with its defaults a stream is silent, and the error says that a proxy may hold it back', async () => {
      await using server = await MockResponsesServer.start()
      const [port = 0] = await freePorts(1)
      await using _box = await plain(port, server.port)
      const clock = new VirtualClock()
      const client = clientFor(port, { maxRetries: 0, clock })
      // Some events are out, and none of them arrives.
      server.script([{ at: 'before_event', event: 5, effect: 'stall' }])
      const failed = client.responses.create(ASKED).catch((error: unknown) => error)
      await server.waitFor('fault')
      await clock.advance(45_000)
      expect(await failed).toMatchObject({
        code: 'ttfb_timeout',
        message: expect.stringMatching(
          /accepted at once.*a proxy in front of it holds the stream back.*docs\/proxies\.md/,
        ),
      })
      server.release()
      await client.destroy()
    })

    it('`x-accel-buffering: no` from the endpoint switches the buffering off', async () => {
      await using server = await RawServer.start()
      const [port = 0] = await freePorts(1)
      await using _box = await plain(port, server.port)
      const client = clientFor(port, { commit: 'first_event' })
      const stream = client.responses.stream(ASKED)
      const connection = await server.connection()
      await connection.request()
      connection.write(
        'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-accel-buffering: no\r\nconnection: close\r\n\r\n' +
          'data: {"type":"response.created","response":{"id":"resp_1","status":"in_progress"}}\n\n',
      )
      const first = await stream[Symbol.asyncIterator]().next()
      expect(first.value?.type).toBe('response.created')
      stream.abort()
      await client.destroy()
    })

    it('without `Upgrade` and `Connection` an upgrade does not reach the endpoint', async () => {
      await using server = await RawServer.answering((request, connection) => {
        expect(request.header('upgrade')).toBeUndefined()
        connection.answer('{}', 'HTTP/1.1 404 Not Found')
      })
      const [port = 0] = await freePorts(1)
      await using _box = await plain(port, server.port)
      const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/responses`)
      const opened = await new Promise((resolve) => {
        socket.onopen = () => resolve(true)
        socket.onerror = () => resolve(false)
      })
      expect(opened).toBe(false)
      expect(server.connections).toHaveLength(1)
    })
  },
)
