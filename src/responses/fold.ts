import { isThenable } from '../core/thenable.ts'
import { rememberHistory } from '../errors/histories.ts'
import type { CreateOptions } from './request-options.ts'
import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'
import { resultOf, type StreamRestartedEvent } from './session-events.ts'
import type { Session } from './session-port.ts'

/** The response of a session that was read to its end. */
export function resultOfSession({ seen, requestId, attempts, startedAt }: Session): ResponseObject {
  const result = resultOf(seen.toResponse(), { outputText: seen.outputText, requestId })
  return rememberHistory(result, { attempts, startedAt })
}

/**
 * Reads a session to its end, and makes one response of it.
 *
 * @param signal an abort also ends the wait for a callback.
 * @throws the error that ends the session; errors and rejections of the caller's callbacks, which end the session.
 */
export async function foldSession(
  session: Session,
  { onDelta, onRestart }: Pick<CreateOptions, 'onDelta' | 'onRestart'>,
  signal?: AbortSignal,
): Promise<ResponseObject> {
  let attempt = 1
  try {
    for (;;) {
      const taken = session.batches.take()
      if (taken.kind === 'end') return resultOfSession(session)
      if (taken.kind === 'failed') throw taken.error
      if (taken.kind === 'nothing') {
        await new Promise<void>((resolve) => session.batches.whenReady({ onReady: resolve }))
        continue
      }
      for (const event of taken.item) {
        if (event.type === 'stream.restarted') {
          attempt = (event as StreamRestartedEvent).attempt
          await settled(onRestart?.({ attempt }), signal)
        } else if (onDelta !== undefined && event.type.endsWith('.delta')) {
          const told = onDelta({ event: event as ResponseStreamEvent, attempt })
          // A callback without a promise costs no turn.
          if (isThenable(told)) await settled(told, signal)
        }
      }
    }
  } catch (error) {
    session.leave(error)
    throw error
  }
}

/** Waits until the result of a callback has settled, or the call was aborted, because a promise may never settle. */
function settled(told: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason)
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    Promise.resolve(told)
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener('abort', onAbort))
  })
}
