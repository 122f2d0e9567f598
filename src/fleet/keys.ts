/**
 * The keys of a fleet, all of which begin with `rr:` and its name. The keys that one script uses have one hash tag in braces, so that
 * they are on one node of a cluster.
 *
 * ```text
 * rr:{name:origin}:quotas:<account>   hash, expires 15 s after the last report
 * rr:{name:origin}:facts              hash, expires 60 s after the last fact
 * rr:{name:origin}:known              string, expires 30 days after the last report
 * rr:name:owner:<digest of the id>    string, the baseURL of an endpoint; expires after 30 days
 * rr:name                             channel of new facts
 * ```
 */
export interface Keys {
  readonly channel: string
  quotas(origin: string, account: string): string
  facts(origin: string): string
  known(origin: string): string
  owner(digest: string): string
}

export function keysOf(name: string): Keys {
  return {
    channel: `rr:${name}`,
    quotas: (origin, account) => `rr:{${name}:${origin}}:quotas:${account}`,
    facts: (origin) => `rr:{${name}:${origin}}:facts`,
    known: (origin) => `rr:{${name}:${origin}}:known`,
    owner: (digest) => `rr:${name}:owner:${digest}`,
  }
}
