import { Agent } from 'node:http'
import { type Sidecar, startSidecar } from '../../src/sidecar/index.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { add, type Counts } from './counts.ts'
import { Violation } from './kinds.ts'
import { orHung } from './load.ts'
import { SIDECAR_KINDS, type SidecarKind } from './sidecar-kinds.ts'

const SHARES = { stream: 6, whole: 3, turns: 4, left: 3, refused: 1, metrics: 1 } satisfies Record<SidecarKind, number>
const DRAWN = Object.entries(SHARES).flatMap(([kind, share]) => Array<SidecarKind>(share).fill(kind as SidecarKind))

/** Calls of programs that use a sidecar, which runs in this process. */
export class SidecarLoad {
  readonly outcomes: Counts = {}
  readonly kinds: Counts = {}
  readonly violations: string[] = []
  calls = 0
  readonly #sidecar: Sidecar
  readonly #agent = new Agent({ keepAlive: true })
  readonly #random: () => number
  #begun = 0

  static async start(baseURL: string, seed: number): Promise<SidecarLoad> {
    const sidecar = await startSidecar({
      upstream: baseURL,
      apiKey: 'soak',
      port: 0,
      webSocket: { fallbackMs: 0 },
      maxRetries: 3,
      retry: { baseDelayMs: 10, maxDelayMs: 100 },
      timeouts: {
        connectMs: 500,
        sendMs: 400,
        ttfbMs: 250,
        idleMs: 300,
        progressMs: 600,
        staleMs: 1_000,
        totalMs: 3_000,
      },
      holdMs: 200,
      keepaliveMs: 20,
      hedge: { minMs: 40, maxExtraShare: 1 },
    })
    return new SidecarLoad(sidecar, seed)
  }

  private constructor(sidecar: Sidecar, seed: number) {
    this.#sidecar = sidecar
    this.#random = seededRandom(seed)
  }

  /** In the words of a client's figures: what is leased are calls, and what is cached are connections of programs. */
  stats() {
    const { calls, clients, connections } = this.#sidecar.stats()
    return [{ leases: calls, connections, clients }]
  }

  async run(atATime: number, isEnough: () => boolean): Promise<void> {
    const worker = async (): Promise<void> => {
      while (!isEnough()) await this.#oneCall()
    }
    await Promise.all(Array.from({ length: atATime }, worker))
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await this.#sidecar.close()
  }

  async #oneCall(): Promise<void> {
    const call = `call_${++this.#begun}`
    const kind = DRAWN[Math.floor(this.#random() * DRAWN.length)] as SidecarKind
    const context = { port: Number(new URL(this.#sidecar.url).port), agent: this.#agent, call, random: this.#random }
    const outcome = await orHung(
      SIDECAR_KINDS[kind](context).catch((error: unknown) => {
        this.violations.push(`${call} (${kind}): ${error}`)
        return error instanceof Violation ? 'violation' : 'unexpected'
      }),
    )
    if (outcome === undefined) this.violations.push(`${call} (${kind}) hung`)
    add(this.outcomes, outcome ?? 'hung')
    add(this.kinds, kind)
    this.calls++
  }
}
