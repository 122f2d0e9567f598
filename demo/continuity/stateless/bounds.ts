import type { Bound } from '../bounds.ts'
import { kilobytes } from '../numbers.ts'
import { bytesOf, type UploadFigures, uploadTotals } from './measure.ts'
import type { StatelessRun, UploadLane } from './run.ts'

/** The new input of a turn with instructions and tools: 2.3 K tokens of 4 bytes, and the frame of the request. */
export const MOST_BYTES_PER_TURN = 10_000
/** Of the bytes that the whole history takes over HTTP. Every third turn loses its connection and goes up whole again. */
export const MOST_OF_WHOLE = 0.35

/** The claims that the run must prove. */
export function statelessBounds({ losses, overHttp, overSockets }: StatelessRun): Bound[] {
  const lanes = [overHttp, overSockets]
  const turns = overSockets.turns.length
  const planned = [losses.filter(({ isLimit }) => !isLimit).length, losses.length]
  const met = lanes.map((lane) => countOf(lane, ({ lost }) => lost))
  const lossless = overSockets.turns.filter(({ turn }) => !losses.some((loss) => loss.turn === turn))
  const largest = Math.max(...lossless.map(({ first, again }) => first + again))
  const wholeOnce = countOf(overSockets, ({ lost, attempts, whole }) => lost && attempts === 2 && whole === 1)
  const share = bytesOf(overSockets.turns) / bytesOf(overHttp.turns)
  const errors = lanes.map((lane) => uploadTotals(lane.turns).errors)
  const inAll = (claim: string, is: (turn: UploadFigures) => boolean): Bound => {
    const counts = lanes.map((lane) => countOf(lane, is))
    return { claim, measured: `${counts.join(', ')} of ${turns}`, holds: counts.every((each) => each === turns) }
  }
  return [
    {
      claim: 'both: each planned loss struck',
      measured: met.map((count, lane) => `${count} of ${planned[lane]}`).join(', '),
      holds: met.every((count, lane) => count === planned[lane]),
    },
    {
      claim: `${overSockets.name}: at most ${kilobytes(MOST_BYTES_PER_TURN)} a turn without a loss`,
      measured: `up to ${(largest / 1000).toFixed(1)} KB`,
      holds: largest <= MOST_BYTES_PER_TURN,
    },
    {
      claim: `${overSockets.name}: after a loss the whole history, once`,
      measured: `${wholeOnce} of ${losses.length}`,
      holds: wholeOnce === losses.length,
    },
    {
      claim: `${overSockets.name}: at most ${MOST_OF_WHOLE} × the bytes over HTTP`,
      measured: `${share.toFixed(2)} ×`,
      holds: share <= MOST_OF_WHOLE,
    },
    inAll('both: every turn answered', ({ answered }) => answered),
    { claim: 'both: no error for the agent', measured: errors.join(', '), holds: errors.every((each) => each === 0) },
    inAll('both: the model was given the whole conversation', ({ informed }) => informed),
  ]
}

function countOf({ turns }: UploadLane, is: (turn: UploadFigures) => boolean): number {
  return turns.filter(is).length
}
