import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/testing/index.ts'
import { testCertificate } from '../../support/certificates.ts'
import { startEndpoint } from '../../support/endpoint.ts'
import { clientSockets, noClientSocketsLeft } from '../../support/proc-net.ts'
import { type Sent, send } from '../../support/recorder.ts'
import { turns, until, within } from '../../support/until.ts'
import { around } from './setup.ts'

const BEHAVIOURS = ['answer', 'silent', 'head', 'part', 'late', 'cut', 'endless'] as const
const { key, cert } = testCertificate({ hosts: ['127.0.0.1'] })

function resources(kind: string): number {
  return process.getActiveResourcesInfo().filter((name) => name === kind).length
}

const CASES = [
  ['plain', 'close', {}, {}],
  ['over TLS', 'destroy', { tls: { key, cert } }, { tls: { ca: cert } }],
  ['isolated, with warm connections', 'close', {}, { isolation: 'fresh', warm: 3 }],
] as const

describe('400 exchanges killed at random moments', () => {
  it.each(CASES)('leave no socket: %s, then %s()', async (_kind, end, serving, options) => {
    const sockets = resources('TCPSocketWrap')
    const timers = resources('Timeout')
    for (const seed of [1, 2]) {
      const random = seededRandom(seed)
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
      const { server } = await startEndpoint(serving)
      {
        await using rig = around(server, options)
        const killing: Array<Promise<void>> = []
        const kill = async (sent: Sent): Promise<void> => {
          await turns(Math.floor(random() * 12))
          if (random() < 0.2) sent.exchange.pause()
          if (random() < 0.1) sent.exchange.poison('a test')
          if (random() < 0.15) sent.drain()
          else sent.destroy()
          sent.recorder.assertOrderly()
        }
        for (let n = 0; n < 200; n++) {
          const connection = pick(['any', 'fresh'] as const)
          killing.push(kill(send(rig.transport, `${server.url}/${pick(BEHAVIOURS)}`, { connection })))
          if (random() < 0.4) await turns(1)
        }
        await Promise.all(killing)
        await within(rig.transport[end](), `${end}()`)
        const { ESTABLISHED, CLOSE_WAIT } = clientSockets(server.port)
        expect({ ESTABLISHED, CLOSE_WAIT }).toEqual({ ESTABLISHED: undefined, CLOSE_WAIT: undefined })
        await noClientSocketsLeft(server.port)
      }
    }
    await until(
      () => resources('TCPSocketWrap') <= sockets,
      () => `no handle is left: ${process.getActiveResourcesInfo()}`,
    )
    await until(
      () => resources('Timeout') <= timers,
      () => `no timer is left: ${process.getActiveResourcesInfo()}`,
    )
  })
})

describe('a process', () => {
  /** Everything a transport can leave idle, and nothing that ends it. */
  const SCRIPT = `
    const [url, sources] = process.argv.slice(1)
    const { undiciTransport } = await import(sources + '/transport/undici/undici-transport.ts')
    const ask = (transport) => new Promise((resolve, reject) => transport.send(
      { url: new URL(url + '/answer'), method: 'GET', headers: [], body: { kind: 'none' }, connection: 'any', attempt: 1 },
      { connecting() {}, connected() {}, sending() {}, sent() {}, head() {}, data() {}, end: resolve, error: reject },
    ))
    const pooled = undiciTransport()
    const warm = undiciTransport({ isolation: 'fresh', warm: 2 })
    await Promise.all([ask(pooled), ask(pooled), ask(warm)])
    const isIdle = () => pooled.stats().idleConnections === 2 && warm.stats().idleConnections === 2
    for (const end = performance.now() + 8000; !isIdle(); await new Promise((resolve) => setTimeout(resolve, 2))) {
      if (performance.now() > end) process.exit(3)
    }
  `

  it('is not kept alive by idle connections, pools and timers', async () => {
    const { server } = await startEndpoint()
    await using _server = server
    const sources = new URL('../../../src', import.meta.url).href
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, server.url, sources], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    try {
      expect(await within(exited, 'the process exits by itself')).toBe(0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})
