import type { ResilientClientOptions } from '../../src/index.ts'
import type { Clock } from '../../src/testing/index.ts'
import { CALL_HEADER, rebuilt } from './identity.ts'
import type { PoolPlan, Schedule } from './schedule.ts'
import { PLANTED } from './secrets.ts'

export interface ClientWorld {
  readonly clock: Clock
  /** Of each endpoint. */
  readonly baseURLs: readonly string[]
  /** Which endpoint has a response. */
  readonly ownerOf: (responseId: string) => number | undefined
}

/** The plan of a client as its options. */
export function clientOptions(
  { client }: Schedule,
  given: Pick<ResilientClientOptions, 'random' | 'onEvent' | 'clock'>,
  { clock, baseURLs, ownerOf }: ClientWorld,
): ResilientClientOptions {
  const { auth, hook, pool, ...options } = client
  return {
    ...options,
    ...given,
    ...(pool === undefined ? { baseURL: baseURLs[0] } : poolOptions(pool, { clock, baseURLs, ownerOf })),
    ...credential(auth, clock),
    ...(hook === 'rebuild'
      ? { onPreviousResponseNotFound: ({ request }: { request: { body: object } }) => rebuilt(request.body) }
      : {}),
    ...(hook === 'decline' ? { onPreviousResponseNotFound: () => undefined } : {}),
  } as ResilientClientOptions
}

function poolOptions(
  { weights, endpointOfMs }: PoolPlan,
  { clock, baseURLs, ownerOf }: ClientWorld,
): Pick<ResilientClientOptions, 'endpoints' | 'endpointOf'> {
  return {
    endpoints: baseURLs.map((baseURL, index) => ({
      baseURL,
      weight: weights[index] ?? 1,
      ...(index === 0 ? {} : { headers: { authorization: PLANTED.ownKey(index) }, forwardHeaders: [CALL_HEADER] }),
    })),
    ...(endpointOfMs === undefined
      ? {}
      : {
          endpointOf: async (id) => {
            await elapsed(clock, endpointOfMs)
            return baseURLs[ownerOf(id) ?? 0]
          },
        }),
  }
}

function credential(
  auth: Schedule['client']['auth'],
  clock: Clock,
): Pick<ResilientClientOptions, 'apiKey' | 'headers'> {
  if (auth?.kind !== 'function') return { apiKey: PLANTED.key }
  let refreshed = 0
  return {
    headers: async ({ refresh }) => {
      if (refresh) refreshed++
      const { afterMs } = auth
      await elapsed(clock, afterMs)
      return { authorization: `Bearer ${PLANTED.key}-${refreshed}` }
    },
  }
}

/** How long a hook of the caller takes. If the call ends first, no code waits for the hook any more. */
async function elapsed(clock: Clock, ms: number): Promise<void> {
  if (ms > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, ms, { unref: true }))
}
