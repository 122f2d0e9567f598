import { once } from 'node:events'
import net from 'node:net'
import { expect, it } from 'vitest'
import { startSidecar } from '../../src/sidecar/index.ts'
import { ask } from '../sidecar/support/requests.ts'
import { until } from '../support/until.ts'
import { fieldServer, jsonAnswer } from './support/field-server.ts'

it('a call above maxClients gets 503 with Retry-After, and is accepted once there is room', async () => {
  await using server = await fieldServer([jsonAnswer(200, { ok: true })])
  await using sidecar = await startSidecar({ upstream: server.baseURL, port: 0, hedge: false, maxClients: 1 })
  const idle = net.connect(Number(new URL(sidecar.url).port), '127.0.0.1')
  await once(idle, 'connect')
  await until(() => sidecar.stats().clients === 1, 'the first connection is there')
  const answer = await ask(sidecar)
  expect(answer.status).toBe(503)
  expect(answer.text).toContain('sidecar_overloaded')
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(5)
  expect(answer.headers.connection).toBe('close')
  expect((await ask(sidecar, { path: '/healthz' })).status).toBe(200)
  expect(server.requests).toHaveLength(0)
  idle.destroy()
  await until(() => sidecar.stats().clients === 0, 'all connections are gone')
  expect((await ask(sidecar)).status).toBe(200)
})

it('no more than 64 connections above maxClients stay open', async () => {
  await using server = await fieldServer([jsonAnswer(200, { ok: true })])
  await using sidecar = await startSidecar({ upstream: server.baseURL, port: 0, hedge: false, maxClients: 1 })
  const sockets = Array.from({ length: 70 }, () => net.connect(Number(new URL(sidecar.url).port), '127.0.0.1'))
  for (const socket of sockets) socket.on('error', () => {})
  await until(() => sockets.filter(({ closed }) => closed).length === 5, 'what is too much is closed')
  expect(sidecar.stats().clients).toBe(65)
  for (const socket of sockets) socket.destroy()
})
