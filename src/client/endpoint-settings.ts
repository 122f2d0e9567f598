import { checkAddress } from '../core/address.ts'
import type { EndpointSettings } from '../endpoints/endpoints.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { isHarmlessHeader } from '../errors/header-names.ts'
import { assertHeader, headerPath } from '../transport/assert-header.ts'
import type { ResilientClientOptions } from './options.ts'

/** @throws ConfigurationError for invalid or repeated addresses, and for invalid headers. */
export function endpointsOf({
  endpoints,
  endpointOf,
  endpointAffinity,
  baseURL,
}: ResilientClientOptions): readonly EndpointSettings[] | undefined {
  if (endpoints === undefined) {
    for (const [name, hook] of Object.entries({ endpointOf, endpointAffinity })) {
      if (hook !== undefined) throw new ConfigurationError(`${name} has no effect without endpoints.`, name)
    }
    return undefined
  }
  if (baseURL !== undefined) {
    throw new ConfigurationError(
      'Give baseURL or endpoints, not both: calls are addressed to the first endpoint.',
      'baseURL',
    )
  }
  const seen = new Set<string>()
  return endpoints.map((endpoint, index) => {
    const path = `endpoints.${index}`
    const url = httpUrl(endpoint.baseURL, `${path}.baseURL`)
    const address = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
    if (seen.has(address))
      throw new ConfigurationError(`${path}.baseURL: ${address} is given twice.`, `${path}.baseURL`)
    seen.add(address)
    const headers = Object.entries(endpoint.headers ?? {})
    for (const [name, value] of headers) assertHeader(name, value, headerPath(`${path}.headers`, name))
    for (const name of endpoint.forwardHeaders ?? []) assertHeader(name, '', headerPath(`${path}.forwardHeaders`, name))
    return {
      baseURL: url,
      headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const),
      forwardHeaders: endpoint.forwardHeaders?.map((name) => name.toLowerCase()),
      weight: endpoint.weight ?? 1,
    }
  })
}

/**
 * `apiKey` is sent to the origin of the first endpoint only, so endpoints at other origins need their own credential.
 */
export function refuseKeylessEndpoints(
  options: ResilientClientOptions,
  {
    apiKey,
    endpoints,
  }: { readonly apiKey: string | undefined; readonly endpoints: readonly EndpointSettings[] | undefined },
): void {
  if (apiKey === undefined) return
  const home = endpoints?.[0]?.baseURL.origin
  const keyless = endpoints?.findIndex(({ baseURL, headers, forwardHeaders = [] }, index) => {
    if (baseURL.origin === home) return false
    // An empty object means that the endpoint needs no credential.
    const saysNone = headers.length === 0 && options.endpoints?.[index]?.headers !== undefined
    const names = [...headers.map(([name]) => name), ...forwardHeaders]
    return !saysNone && !names.some((name) => !isHarmlessHeader(name))
  })
  if (keyless === undefined || keyless === -1) return
  throw new ConfigurationError(
    `endpoints.${keyless}.headers: this endpoint would get no credential, because apiKey goes to ${home} only. Give endpoints.${keyless}.headers its credential, for example { authorization: 'Bearer …' }, or {} if it needs none.`,
    `endpoints.${keyless}.headers`,
  )
}

export function httpUrl(value: string, path = 'baseURL'): URL {
  const checked = checkAddress(value)
  if ('url' in checked) {
    const { url } = checked
    if (!/\/responses\/*$/.test(url.pathname)) return url
    throw new ConfigurationError(
      `${path}: got an address that ends with /responses; leave /responses out, for example https://api.openai.com/v1.`,
      path,
    )
  }
  throw new ConfigurationError(`${path}: ${checked.problem}`, path)
}
