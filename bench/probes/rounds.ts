import { Child, type ServerProcess } from '../processes.ts'
import { PROBES, type ProbeContext, type ProbeName } from './contract.ts'

/** What all rounds of all probes brought, per variant, in the order of the rounds. */
export type ProbeMeasures = Readonly<Record<string, readonly number[]>>

export const probeKey = (probe: ProbeName, variant: string): string => `${probe}/${variant}`

export interface ProbeOptions {
  readonly node: string
  readonly servers: readonly [ServerProcess, ServerProcess]
  readonly quick: boolean
  readonly rounds: number
  /** Of all, if not given. */
  readonly only?: readonly ProbeName[] | undefined
  onProbe(name: string): void
}

export async function runProbes({ node, servers, quick, rounds, only, onProbe }: ProbeOptions): Promise<ProbeMeasures> {
  const [server, other] = servers
  const context: ProbeContext = {
    plain: `http://127.0.0.1:${server.port}`,
    other: `http://127.0.0.1:${other.port}`,
    tls: `https://127.0.0.1:${server.tlsPort}`,
    ca: server.cert,
    quick,
  }
  const values: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round++) {
    for (const probe of only ?? (Object.keys(PROBES) as ProbeName[])) {
      for (const variant of PROBES[probe]) {
        if (quick && probe === 'crowd' && Number(variant) > 1000) continue
        const key = probeKey(probe, variant)
        onProbe(key)
        const list = values[key] ?? []
        values[key] = list
        list.push(await measure(probe, variant, context, node))
      }
    }
  }
  return values
}

async function measure(probe: ProbeName, variant: string, context: ProbeContext, node: string): Promise<number> {
  const child = new Child('./probes/process.ts', [probe, variant, JSON.stringify(context)], node, ['--expose-gc'])
  try {
    const { value } = await child.ask()
    if (value === undefined) throw new Error(`${probeKey(probe, variant)} measured nothing`)
    return value
  } finally {
    child.stop()
  }
}
