import { once } from 'node:events'
import type { Socket } from 'node:net'
import { buildConnector, Client } from 'undici'
import { ResilientClient } from '../../src/index.ts'
import { Connector } from '../../src/transport/undici/connector.ts'
import { REQUEST } from '../contestants/reading.ts'
import type { Probe } from './contract.ts'
import { cpuPer, inParallel, medianOf } from './support.ts'

const PATH = '/event/15/v1/responses'

async function readAll(response: Response): Promise<void> {
  if (!response.ok) throw new Error(`${response.status}`)
  await response.arrayBuffer()
}

export const connections: Probe = async (variant, { plain, tls, ca, quick }) => {
  const secure = variant.startsWith('tls_')
  const kind = secure ? variant.slice(4) : variant
  const { fetch } = new ResilientClient({
    ...(kind === 'leased' ? {} : { isolation: 'fresh' }),
    ...(kind === 'fresh_warm' ? { warm: 2 } : {}),
    tls: { ca },
  })
  const url = `${secure ? tls : plain}${PATH}`
  return cpuPer(quick ? 150 : 600, 100, async () => readAll(await fetch(url, REQUEST)))
}

export const tlsConnect: Probe = async (variant, { tls, ca, quick }) => {
  const { fetch } = new ResilientClient({ isolation: 'fresh', tls: { ca } })
  const { method, headers, body } = REQUEST
  const origin = new URL(tls)
  const { hostname, port, protocol } = origin
  const connector = new Connector({ tls: { ca } })
  const opened = (open: (told: (error: Error | null, socket: Socket | null) => void) => void): Promise<Socket> =>
    new Promise((resolve, reject) => {
      open((error, socket) => (socket === null ? reject(error) : resolve(socket)))
    })
  const ours = (): Promise<Socket> => opened((told) => connector.open(origin, told))
  const theirs = (): Promise<Socket> =>
    opened((told) =>
      buildConnector({ ca, allowH2: false })({ hostname, host: hostname, port, protocol }, told as never),
    )
  const ended = async (socket: Socket): Promise<void> => {
    socket.destroy()
    await once(socket, 'close')
  }
  const first = await ours()
  // The server sends its session ticket after the handshake.
  await once(first, 'session')
  await ended(first)
  const acts: Readonly<Record<string, () => Promise<void>>> = {
    connect: async () => ended(await ours()),
    connect_default: async () => ended(await theirs()),
    call: async () => readAll(await fetch(`${tls}${PATH}`, REQUEST)),
    call_client_each: async () => {
      const client = new Client(tls, { allowH2: false, connect: { ca } })
      const answer = await client.request({ path: PATH, method, headers, body })
      await answer.body.arrayBuffer()
      await client.destroy()
    },
  }
  return cpuPer(quick ? 100 : 400, 50, acts[variant] as () => Promise<void>)
}

export const neighbour: Probe = async (variant, { plain, other, mostStreams, quick }) => {
  const { fetch } = new ResilientClient()
  const asked = async (): Promise<void> => readAll(await fetch(`${other}${PATH}`, REQUEST))
  for (let i = 0; i < 1000; i++) await asked()
  let over = false
  const crowd = inParallel(variant === 'alone' ? 0 : Math.min(1000, mostStreams), 1000, async () => {
    while (!over) {
      await readAll(await fetch(`${plain}${PATH}`, REQUEST))
      // Spread out as the answers of models are.
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1000))
    }
  })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const times: number[] = []
  for (let i = 0; i < (quick ? 100 : 300); i++) {
    const before = performance.now()
    await asked()
    times.push(performance.now() - before)
  }
  over = true
  await crowd
  return medianOf(times)
}
