import type { AttemptRecord } from '../errors/attempt-record.ts'
import { attemptsOf } from './explain.ts'

/** Attempts that brought an answer, if one has. */
const ANSWERED: ReadonlySet<AttemptRecord['outcome']> = new Set(['committed', 'answered'])

/**
 * Which of several `endpoints` has answered a call: keep it beside the id of the response, and return it from the option
 * `endpointOf` after a restart.
 *
 * @param subject what `explain` takes: the result of `create()`, a `ResponseStream`, a `Response` of `client.fetch`, an error.
 * @returns the `baseURL` of the endpoint as the options have it. `undefined` if no endpoint answered, if the client has only one, and
 * for anything else, for example a copy of a result.
 */
export function findEndpoint(subject: unknown): string | undefined {
  return attemptsOf(subject)?.findLast(({ outcome }) => ANSWERED.has(outcome))?.endpoint
}
