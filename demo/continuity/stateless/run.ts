import type { JsonObject } from '../../../src/testing/index.ts'
import { runAgent } from '../agent.ts'
import { stateless } from '../contestants/stateless.ts'
import { callOf, startEndpoint } from '../endpoint.ts'
import type { RunOptions } from '../run.ts'
import { type ConnectionLoss, drawConnectionLosses } from './losses.ts'
import { measureUploads, type UploadFigures } from './measure.ts'

/** The results of one contestant, turn by turn. */
export interface UploadLane {
  readonly name: string
  readonly turns: readonly UploadFigures[]
}

export interface StatelessRun {
  readonly losses: readonly ConnectionLoss[]
  readonly overHttp: UploadLane
  readonly overSockets: UploadLane
}

/** Runs two agents at the same time, each with its own endpoint, which loses their connections in the same turns. */
export async function runStateless(options: RunOptions): Promise<StatelessRun> {
  const losses = drawConnectionLosses(options.seed)
  const [overHttp, overSockets] = await Promise.all([
    runLane(
      false,
      losses.filter(({ isLimit }) => !isLimit),
      options,
    ),
    runLane(true, losses, options),
  ])
  return { losses, overHttp, overSockets }
}

async function runLane(
  webSocket: boolean,
  losses: readonly ConnectionLoss[],
  { seed, signal, onTurn, inspect }: RunOptions,
): Promise<UploadLane> {
  const endpoint = await startEndpoint(seed)
  const { server } = endpoint
  const contestant = stateless(server.baseURL, webSocket)
  const { name } = contestant
  const histories = new Map<number, readonly JsonObject[]>()
  try {
    for (const { turn, fault } of losses) server.script([fault], { call: callOf(turn) })
    const seen = await runAgent(contestant, {
      seed,
      keeper: 'agent',
      signal,
      onTurn(turn, _previousId, history) {
        histories.set(turn, history)
        onTurn?.(name, turn)
      },
    })
    await inspect?.(name, endpoint, contestant)
    return { name, turns: measureUploads(server, { losses, seen, histories }) }
  } finally {
    await contestant.close()
    await server.close()
  }
}
