import { type Failure, failure } from '../errors/failure.ts'
import type { ReaderContext } from './response-reader.ts'

/**
 * The failure of an answer that holds another response than the requested one: late bytes on a connection, or a cache
 * or gateway that mixed up two callers. Its connection is not used again.
 *
 * @param id the id in the answer. An answer without an id may be the right one.
 */
export function wrongResponse(id: unknown, expects: ReaderContext['expects']): Failure | undefined {
  if (expects === undefined || typeof id !== 'string' || id === '' || expects.includes(id)) return undefined
  const [responseId] = expects
  // The other id belongs to another caller, so it is not shown or stored.
  return failure('wrong_response', `The answer holds another response than ${responseId}.`, { responseId })
}
