import { Agent, request, fetch as undiciFetch } from 'undici'
import { ResilientClient } from '../../src/index.ts'
import { REQUEST } from '../contestants/reading.ts'
import type { Probe } from './contract.ts'
import { inParallel, medianOf } from './support.ts'

/** The server records how long after its reset the next request of the call came. */
export const retryLatency: Probe = async (_variant, { plain, quick }) => {
  const { fetch } = new ResilientClient({ random: () => 0 })
  for (let i = 0; i < (quick ? 50 : 200); i++) await (await fetch(`${plain}/reset/v1/responses`, REQUEST)).text()
  const waits = (await (await fetch(`${plain}/resets`)).json()) as number[]
  return medianOf(waits.slice(10))
}

export const idleClose: Probe = async (variant, { plain, quick }) => {
  const url = `${plain}/closing/v1/responses`
  const { fetch } = new ResilientClient({ maxRetries: 0 })
  const agent = new Agent({ allowH2: false })
  const { method, headers, body } = REQUEST
  const acts: Readonly<Record<string, () => Promise<unknown>>> = {
    ours: async () => (await fetch(url, REQUEST)).text(),
    undici_fetch: async () => (await undiciFetch(url, REQUEST)).text(),
    undici_agent: async () => (await request(url, { dispatcher: agent, method, headers, body })).body.text(),
  }
  const act = acts[variant] as () => Promise<unknown>
  let failed = 0
  await inParallel(quick ? 1000 : 3000, 8, async () => {
    await act().catch(() => failed++)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 2))
  })
  return quick ? failed * 3 : failed
}
