import type { Stream } from './frames.ts'
import { factsOfEnd } from './play.ts'
import type { AttemptPlan } from './schedule.ts'
import type { AnswerFacts } from './served.ts'

/** When each frame is ready. */
export function timesOf(stream: Stream, plan: AttemptPlan, now: number): number[] {
  const first = now + plan.headMs + plan.firstMs
  const { end } = stream
  const last = stream.frames.length - 1
  return stream.frames.map((_, index) => {
    const behind = end.how === 'failed' && end.told === 'before_failed' && index === last ? end.behindMs : 0
    return first + index * plan.gapMs + behind
  })
}

export const WHOLE: AnswerFacts = { status: 200, means: 'ok', refused: false, code: undefined, hintMs: undefined }

/** A response that failed is a response; where there was nothing but an error, that error is all there is. */
export function factsOfWhole(stream: Stream): AnswerFacts {
  return stream.end.how === 'failed' && stream.end.told === 'only' ? factsOfEnd(stream) : WHOLE
}

export function firstSnapshot(stream: Stream): string {
  const first = stream.frames[0]
  return JSON.stringify((JSON.parse(first?.json ?? '{}') as { response?: unknown }).response ?? {})
}

export function failureMessage(code: string, hintMs: number | undefined): string {
  return hintMs === undefined ? `Simulated ${code}.` : `Simulated ${code}. Please try again in ${hintMs}ms.`
}

export function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
  return undefined
}

export function parse(body: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(body ?? '') as Record<string, unknown>
  } catch {
    return {}
  }
}
