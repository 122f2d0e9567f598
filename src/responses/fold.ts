import type { CreateOptions } from './request-options.ts'
import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'
import type { StreamSession } from './session.ts'
import { resultOf, type StreamRestartedEvent } from './session-events.ts'

/** The response of a session that was read to its end. */
export function resultOfSession({ seen, requestId }: StreamSession): ResponseObject {
  return resultOf(seen.toResponse(), { outputText: seen.outputText, requestId })
}

/**
 * Reads a session to its end, and makes one response of it.
 *
 * @throws what ends the session, and what the caller's callbacks throw: the session is left then.
 */
export async function foldSession(
  session: StreamSession,
  { onDelta, onRestart }: Pick<CreateOptions, 'onDelta' | 'onRestart'>,
): Promise<ResponseObject> {
  let attempt = 1
  try {
    for (;;) {
      const taken = session.take()
      if (taken.kind === 'end') return resultOfSession(session)
      if (taken.kind === 'failed') throw taken.error
      if (taken.kind === 'nothing') {
        await new Promise<void>((resolve) => session.whenReady({ onReady: resolve }))
        continue
      }
      for (const event of taken.item) {
        if (event.type === 'stream.restarted') {
          attempt = (event as StreamRestartedEvent).attempt
          onRestart?.({ attempt })
        } else if (onDelta !== undefined && event.type.endsWith('.delta')) {
          onDelta({ event: event as ResponseStreamEvent, attempt })
        }
      }
    }
  } catch (error) {
    session.leave(error)
    throw error
  }
}
