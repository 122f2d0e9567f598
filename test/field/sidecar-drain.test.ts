import { once } from 'node:events'
import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Sidecar, startSidecar } from '../../src/sidecar/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { until, within } from '../support/until.ts'
import { type FieldServer, fieldServer, jsonAnswer } from './support/field-server.ts'

const opened: net.Socket[] = []
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy()
})

async function connect(sidecar: Sidecar, bytes = ''): Promise<net.Socket> {
  const { clients } = sidecar.stats()
  const socket = net.connect(Number(new URL(sidecar.url).port), '127.0.0.1')
  opened.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(bytes)
  await until(() => sidecar.stats().clients > clients, 'the sidecar has taken the connection')
  return socket
}

const start = (server: FieldServer): Promise<Sidecar> =>
  startSidecar({ upstream: server.baseURL, port: 0, hedge: false })

describe('a sidecar that shuts down', () => {
  it.each([
    ['nothing was sent', ''],
    ['half a head was sent', 'GET /v1/mod'],
  ])('closes a connection on which %s at once', async (_, bytes) => {
    await using server = await fieldServer([jsonAnswer(200, {})])
    const sidecar = await start(server)
    const sockets = [await connect(sidecar, bytes), await connect(sidecar, bytes)]
    await within(sidecar.close(), 'the end of the sidecar', 2000)
    await until(() => sockets.every(({ closed }) => closed), 'the connections are closed')
  })

  it('closes a connection at once if its upgrade was refused', async () => {
    await using server = await fieldServer([jsonAnswer(200, {})])
    const sidecar = await start(server)
    const upgrade = 'GET /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'
    const half = net.connect({ port: Number(new URL(sidecar.url).port), host: '127.0.0.1', allowHalfOpen: true })
    opened.push(half)
    half.on('error', () => {})
    half.write(upgrade)
    const [head] = (await once(half, 'data')) as [Buffer]
    expect(String(head)).toMatch(/^HTTP\/1\.1 426 /)
    await until(() => sidecar.stats().clients === 0, 'the sidecar has closed the connection')
    await within(sidecar.close(), 'the end of the sidecar', 2000)
  })

  it('answers while it waits for a call, and closes idle connections when that call is over', async () => {
    await using upstream = await MockResponsesServer.start()
    const sidecar = await startSidecar({ upstream: upstream.baseURL, port: 0, hedge: false })
    upstream.script([{ at: 'headers', effect: 'stall' }])
    const call = fetch(`${sidecar.url}/v1/models`)
    await upstream.waitFor('fault')
    const closed = sidecar.close()
    const ready = await fetch(`${sidecar.url}/readyz`)
    expect([ready.status, await ready.text()]).toEqual([503, 'draining\n'])
    const late = await fetch(`${sidecar.url}/v1/models`)
    expect(late.status).toBe(503)
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThanOrEqual(5)
    await late.text()
    const silent = await connect(sidecar)
    upstream.release()
    await (await call).text()
    await within(closed, 'the end of the sidecar', 2000)
    await until(() => silent.closed, 'the connection is closed')
  })
})
