import { hash } from 'node:crypto'

/** What `endpointAffinity` is told of a call. */
export interface AffinityTraits {
  /** Of the request. Any case of the name. */
  header(name: string): string | undefined
  /** `prompt_cache_key` of the body, where the call is one for a response. */
  readonly promptCacheKey: string | undefined
}

/**
 * Says which calls belong together, by a text that they have in common: a session, a tenant, the key of a prompt cache. They go
 * to the same one of several endpoints while it is ready, where a prompt cache knows them; a continuation goes to its owner all
 * the same. `undefined`, and if it throws: the call goes to any of them. The sidecar uses
 * `({ header, promptCacheKey }) => header('session-id') ?? promptCacheKey`.
 */
export type EndpointAffinity = (call: AffinityTraits) => string | undefined

/** Asks the hook. A throw and a wrong result count as `undefined`. */
export function affinityOf(
  hook: EndpointAffinity | undefined,
  headers: ReadonlyArray<readonly [string, string]>,
  promptCacheKey: string | undefined,
): string | undefined {
  if (hook === undefined) return undefined
  const header = (name: string): string | undefined => {
    const wanted = name.toLowerCase()
    return headers.find(([one]) => one.toLowerCase() === wanted)?.[1]
  }
  try {
    const text: unknown = hook({ header, promptCacheKey })
    return typeof text === 'string' && text !== '' ? text : undefined
  } catch {
    return undefined
  }
}

/**
 * One of the candidates, always the same for a text, in shares of their weights (weighted rendezvous hashing). Where a candidate
 * is missing, its texts alone go elsewhere. Every process chooses the same. Pure.
 */
export function chooseByAffinity<C extends { readonly name: string; readonly weight: number }>(
  candidates: readonly [C, ...C[]],
  text: string,
): C {
  const score = ({ name, weight }: C): number => -weight / Math.log(fraction(`${name}\n${text}`))
  return candidates.reduce((best, one) => (score(one) > score(best) ? one : best))
}

/** A number above 0 and below 1. */
function fraction(text: string): number {
  const bits = Number.parseInt(hash('sha256', text).slice(0, 13), 16)
  return (bits + 0.5) / 2 ** 52
}
