import { seededRandom } from '../../src/testing/index.ts'
import type { RecordedAttempt, RecordedCall } from '../../src/timeline/index.ts'

const LABELS = [undefined, 'turn', 'compression', 'title']
/** 2026-11-28, 9:30 UTC. */
const START = 1_795_858_200_000

/** Calls of an agent on a bad day: most answer at once, some are retried or hedged, a few fail. The same ones for a seed. */
export function madeCalls(count: number, seed = 1): RecordedCall[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, index) => madeCall(index + 1, random))
}

function madeCall(callId: number, random: () => number): RecordedCall {
  const chance = random()
  const attempts: RecordedAttempt[] = []
  let at = 0
  const failures = chance < 0.8 ? 0 : chance < 0.93 ? 1 : chance < 0.98 ? 2 : 5
  for (let n = 0; n < failures; n++) {
    const isDead = random() < 0.5
    const ended = at + (isDead ? 45_000 : 200 + Math.round(400 * random()))
    attempts.push({
      ...BASE,
      attempt: attempts.length + 1,
      outcome: isDead ? 'failed' : 'answered',
      phase: 'waiting',
      startedAtMs: at,
      connectedAtMs: at + 40,
      sentAtMs: at + 41,
      endedAtMs: ended,
      ...(isDead
        ? { code: 'ttfb_timeout', deadline: { name: 'ttfb', ms: 45_000, source: 'auto' } }
        : { code: 'http_status', status: 503, headersAtMs: ended - 5, requestId: `req_${callId}_${n}` }),
    })
    at = ended + Math.round((isDead ? 200 : 1500) * random())
  }
  const isFailed = failures === 5
  const isAborted = !isFailed && random() < 0.02
  const isHedged = failures === 0 && random() < 0.05
  if (isHedged) at = 6000
  const first = at + Math.round(600 * Math.exp(1.1 * normal(random)))
  const output = first + Math.round(900 * random())
  if (isHedged)
    attempts.push({
      ...BASE,
      attempt: 1,
      outcome: 'lost',
      phase: 'waiting',
      startedAtMs: 0,
      connectedAtMs: 35,
      endedAtMs: output,
    })
  const end = output + Math.round(2500 * Math.exp(normal(random)))
  if (!isFailed)
    attempts.push({
      ...BASE,
      attempt: attempts.length + 1,
      outcome: isAborted ? 'aborted' : 'committed',
      phase: 'committed',
      connectionReused: random() < 0.7,
      startedAtMs: at,
      connectedAtMs: at + Math.round(60 * random()),
      sentAtMs: at + 61,
      headersAtMs: Math.min(first, at + 200),
      firstEventAtMs: Math.max(first, at + 62),
      committedAtMs: Math.max(output, at + 62),
      endedAtMs: Math.max(end, at + 62),
      status: 200,
      responseId: `resp_${callId}`,
      ...(isHedged && { hedge: { silentMs: 6000, deadProbability: 0.86 } }),
    })
  const last = attempts.at(-1) as RecordedAttempt
  const label = LABELS[Math.floor(random() * LABELS.length)]
  return {
    callId,
    startedAt: START + callId * 1700,
    kind: 'stream',
    method: 'POST',
    url: 'https://api.openai.com/v1/responses',
    stream: true,
    continuation: random() < 0.5,
    model: random() < 0.8 ? 'gpt-5' : 'gpt-5-mini',
    ...(label !== undefined && { label }),
    bodyBytes: 2000 + Math.round(80_000 * random()),
    outcome: isFailed ? 'failed' : isAborted ? 'aborted' : 'completed',
    durationMs: last.endedAtMs,
    hedges: isHedged ? 1 : 0,
    ...(isFailed && { code: last.code, giveUpReason: 'retries_exhausted' as const }),
    ...(last.firstEventAtMs !== undefined && { firstEventMs: last.firstEventAtMs, firstOutputMs: last.committedAtMs }),
    ...(!isFailed && {
      usage: { inputTokens: 1200, cachedInputTokens: 1024, outputTokens: 380, reasoningTokens: 120 },
      responseId: last.responseId,
    }),
    attempts,
  }
}

const BASE = { generation: 1, connectionReused: false } as const

/** Roughly, from the sum of uniform numbers. */
function normal(random: () => number): number {
  return (random() + random() + random() + random() + random() + random() - 3) * 1.41
}
