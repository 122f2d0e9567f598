import { isPortableHeader } from '../errors/header-names.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/** One of several endpoints that answer the same calls. */
export interface EndpointSettings {
  readonly baseURL: URL
  readonly headers: HeaderPairs
  /** Lower-case names of headers that are sent there although they were given for another origin. */
  readonly forwardHeaders?: readonly string[] | undefined
  readonly weight: number
}

interface Addressable {
  readonly name: string
  readonly baseURL: URL
}

/** Origin and path, which begin the address of every request to an endpoint. */
export function nameOf({ origin, pathname }: URL): string {
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** The part of the path after the base of an endpoint. `undefined` if the address is not under it. */
export function below(url: URL, name: string): string | undefined {
  const address = `${url.origin}${url.pathname}`
  if (address !== name && !address.startsWith(`${name}/`)) return undefined
  return address.slice(name.length)
}

/** The address of the same request at another endpoint, with the query of that endpoint's base. */
export function addressAt({ name, baseURL }: Addressable, url: URL, addressed: Addressable): URL {
  const path = `${name}${below(url, addressed.name) ?? ''}`
  if (baseURL.search === '' && addressed.baseURL.search === '') return new URL(`${path}${url.search}`)
  const target = new URL(`${path}${baseURL.search}`)
  const replaced = new Set([...addressed.baseURL.searchParams.keys(), ...baseURL.searchParams.keys()])
  for (const [key, value] of url.searchParams) if (!replaced.has(key)) target.searchParams.append(key, value)
  return target
}

/**
 * The endpoint's own headers win. Of headers given for another origin only those with known harmless names are sent,
 * because no list knows the names of all credentials.
 */
export function headersFor(
  { headers: own, forwardHeaders }: Pick<EndpointSettings, 'headers' | 'forwardHeaders'>,
  pairs: HeaderPairs,
  isElsewhere: boolean,
): HeaderPairs {
  if (own.length === 0 && !isElsewhere) return pairs
  const replaced = new Set(own.map(([name]) => name))
  const kept = pairs.filter(
    ([name]) =>
      !replaced.has(name) && (!isElsewhere || isPortableHeader(name) || forwardHeaders?.includes(name) === true),
  )
  return [...kept, ...own]
}
