import { Child, type ServerProcess } from '../processes.ts'
import { PROBES, type ProbeContext, type ProbeName } from './contract.ts'

/** The measurements of all rounds of all probes, by variant, in the order of the rounds. */
export type ProbeMeasures = Readonly<Record<string, readonly number[]>>

export const probeKey = (probe: ProbeName, variant: string): string => `${probe}/${variant}`

/** Samples in a round, for probes that measure a single event in the life of a process. */
const SAMPLES: Readonly<Partial<Record<ProbeName, number>>> = { first_call: 5, import_time: 5 }

export interface ProbeOptions {
  readonly node: string
  readonly servers: readonly [ServerProcess, ServerProcess]
  readonly built: string
  readonly mostStreams: number
  readonly quick: boolean
  readonly rounds: number
  /** Default: all. */
  readonly only?: readonly ProbeName[] | undefined
  onProbe(name: string): void
}

export async function runProbes(options: ProbeOptions): Promise<ProbeMeasures> {
  const { node, quick, rounds, only, onProbe } = options
  const context = contextOf(options)
  const values: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round++) {
    for (const probe of only ?? (Object.keys(PROBES) as ProbeName[])) {
      for (let sample = 0; sample < samplesOf(probe, quick); sample++) {
        for (const variant of PROBES[probe]) {
          if (quick && probe === 'crowd' && Number.parseInt(variant, 10) > 1000) continue
          const key = probeKey(probe, variant)
          if (sample === 0) onProbe(key)
          for (const [name, value] of await measure(probe, variant, context, node)) {
            const list = values[name] ?? []
            values[name] = list
            list.push(value)
          }
        }
      }
    }
  }
  return values
}

function samplesOf(probe: ProbeName, quick: boolean): number {
  const samples = SAMPLES[probe] ?? 1
  return quick ? Math.min(samples, 3) : samples
}

function contextOf({ servers, built, mostStreams, quick }: ProbeOptions): ProbeContext {
  const [server, other] = servers
  return {
    plain: `http://127.0.0.1:${server.port}`,
    other: `http://127.0.0.1:${other.port}`,
    sockets: `http://127.0.0.1:${server.socketPort}`,
    tls: `https://127.0.0.1:${server.tlsPort}`,
    ca: server.cert,
    built,
    mostStreams,
    quick,
  }
}

/** The figures of one process, by name. */
async function measure(
  probe: ProbeName,
  variant: string,
  context: ProbeContext,
  node: string,
): Promise<Array<readonly [string, number]>> {
  const key = probeKey(probe, variant)
  const args = [probe, variant, JSON.stringify(context)]
  const child = new Child(`probe ${key}`, './probes/process.ts', args, node, ['--expose-gc'])
  try {
    const { value } = await child.ask()
    const figures =
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([name, each]) => [`${key}/${name}`, each] as const)
        : [[key, value as number] as const]
    // NaN cannot be sent between processes.
    if (figures.some(([, each]) => !Number.isFinite(each))) throw new Error(`probe ${key} measured nothing`)
    return figures
  } finally {
    child.stop()
  }
}
