import type { ResilientClientOptions } from '../../src/index.ts'
import type { Clock } from '../../src/testing/index.ts'
import type { Schedule } from './schedule.ts'
import { PLANTED } from './secrets.ts'

/** The plan of a client as its options. */
export function clientOptions(
  { client }: Schedule,
  given: Pick<ResilientClientOptions, 'baseURL' | 'random' | 'onEvent' | 'clock'>,
  clock: Clock,
): ResilientClientOptions {
  const { auth, hook, ...options } = client
  return {
    ...options,
    ...given,
    ...credential(auth, clock),
    ...(hook === 'rebuild'
      ? { onPreviousResponseNotFound: () => ({ model: 'gpt-5.2', input: [{ role: 'user', content: 'all of it' }] }) }
      : {}),
    ...(hook === 'decline' ? { onPreviousResponseNotFound: () => undefined } : {}),
  } as ResilientClientOptions
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
      if (afterMs > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, afterMs))
      return { authorization: `Bearer ${PLANTED.key}-${refreshed}` }
    },
  }
}
