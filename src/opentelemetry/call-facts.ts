import type { Attributes } from '@opentelemetry/api'
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

let latest: { readonly event: CallStartEvent; readonly facts: CallFacts } | undefined

/** Made once for each event: spans and metrics ask for the same one, one after the other. */
export function callFactsOf(event: CallStartEvent): CallFacts {
  if (latest?.event !== event) latest = { event, facts: factsOf(event) }
  return latest.facts
}

function factsOf(event: CallStartEvent): CallFacts {
  const url = new URL(event.url)
  const operation = operationOf(event, url)
  const model = operation === undefined ? undefined : event.model
  return {
    operation,
    model,
    attributes: {
      ...(operation !== undefined && {
        [CONVENTION.operation]: operation,
        [CONVENTION.provider]: providerOf(url.hostname),
      }),
      ...(model !== undefined && { [CONVENTION.requestModel]: model }),
      ...serverOf(url),
    },
  }
}

/** `server.address` and `server.port`. */
export function serverOf(url: URL): Attributes {
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
