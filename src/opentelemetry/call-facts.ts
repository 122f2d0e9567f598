import type { Attributes } from '@opentelemetry/api'
import { RecentMap } from '../core/recent-map.ts'
import type { CallStartEvent } from '../telemetry/events.ts'
import { CONVENTION } from './names.ts'

/** Attributes of a call that spans and metrics share. They are known at its start and have few different values. */
export interface CallFacts {
  /** `chat` for a call that makes a response; `undefined` where the conventions for GenAI have no operation for the call. */
  readonly operation: string | undefined
  readonly model: string | undefined
  /** The address of the server; if there is an operation, also operation, provider and model. */
  readonly attributes: Attributes
}

/** A program calls few addresses and models, and parsing an address for each span would take longer than the span. */
const MOST_KNOWN = 50
const facts = new RecentMap<string, CallFacts>(MOST_KNOWN)
const servers = new RecentMap<string, Server>(MOST_KNOWN)

export function callFactsOf(event: CallStartEvent): CallFacts {
  const { method, url, model } = event
  return facts.obtain(`${method} ${url} ${model}`, () => factsOf(event))
}

function factsOf(event: CallStartEvent): CallFacts {
  const url = new URL(event.url)
  const operation = operationOf(event, url)
  const model = operation === undefined ? undefined : event.model
  return {
    operation,
    model,
    attributes: Object.freeze({
      ...(operation !== undefined && {
        [CONVENTION.operation]: operation,
        [CONVENTION.provider]: providerOf(url.hostname),
      }),
      ...(model !== undefined && { [CONVENTION.requestModel]: model }),
      ...serverOf(url),
    }),
  }
}

/** What spans say of the address of an attempt. */
export interface Server {
  /** The address without user, password, query and fragment. */
  readonly url: string
  /** `server.address` and `server.port`. */
  readonly attributes: Attributes
}

/** @param address a URL. What may be a secret in it is not kept. */
export function serverAt(address: string): Server {
  if (address.includes('@')) return serverOfAddress(address)
  const query = address.search(/[?#]/)
  const place = query === -1 ? address : address.slice(0, query)
  return servers.obtain(place, () => serverOfAddress(place))
}

function serverOfAddress(address: string): Server {
  const url = new URL(address)
  return { url: url.origin + url.pathname, attributes: serverOf(url) }
}

function serverOf(url: URL): Attributes {
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port)
  return { [CONVENTION.serverAddress]: url.hostname, [CONVENTION.serverPort]: port }
}

/** Looks at the end of the path, because gateways and Azure put names of deployments before it. */
const OPERATIONS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\/(?:responses|chat\/completions)\/*$/, 'chat'],
  [/\/completions\/*$/, 'text_completion'],
  [/\/embeddings\/*$/, 'embeddings'],
]

function operationOf({ method }: CallStartEvent, { pathname }: URL): string | undefined {
  return method === 'POST' ? OPERATIONS.find(([path]) => path.test(pathname))?.[1] : undefined
}

/** The provider of the API. A gateway that speaks the API of OpenAI counts as `openai`. */
function providerOf(host: string): string {
  return /\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)$/.test(host) ? 'azure.ai.openai' : 'openai'
}
