import { type Failure, failure } from '../errors/failure.ts'
import type { ReaderContext } from './response-reader.ts'

/**
 * The failure of an answer that is of another response than the one that was asked for: late bytes on a connection, a cache
 * or a gateway that mixed two callers up. Its connection is not used again.
 *
 * @param id what the answer calls its response; an answer that has no id may be the right one.
 */
export function wrongResponse(id: unknown, expects: ReaderContext['expects']): Failure | undefined {
  if (expects === undefined || typeof id !== 'string' || id === '' || expects.includes(id)) return undefined
  const [responseId] = expects
  // The other id is somebody else's: it is neither shown nor remembered.
  return failure('wrong_response', `The answer is of another response than ${responseId}.`, { responseId })
}
