import type { RecordedCall } from '../../src/timeline/index.ts'
import { madeCalls } from './made-calls.ts'

/** Ends a script, begins a comment, and holds what a page or a terminal would obey. */
export const HOSTILE = '</script><!--<script>alert(1)\u2028\u2029\u202e\u0000"\'&\ud800'

/** A call with hostile texts wherever an endpoint or a caller can choose one. */
export function hostileCall(): RecordedCall {
  const [call] = madeCalls(1)
  return {
    ...(call as RecordedCall),
    model: HOSTILE,
    label: HOSTILE,
    url: HOSTILE,
    method: HOSTILE,
    effort: HOSTILE,
    tier: HOSTILE,
    responseId: HOSTILE,
    responseModel: HOSTILE,
    responseStatus: HOSTILE,
    attempts: (call as RecordedCall).attempts.map((attempt) => ({
      ...attempt,
      requestId: HOSTILE,
      responseId: HOSTILE,
      upstreamCode: HOSTILE,
      upstreamType: HOSTILE,
      endpoint: HOSTILE,
    })),
  }
}
