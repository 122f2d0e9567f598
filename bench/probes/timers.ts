import { ResilientClient } from '../../src/index.ts'
import { FakeTransport, fake, sseFrame, VirtualClock } from '../../src/testing/index.ts'
import type { Probe } from './contract.ts'

const STREAMS = 5000
const CREATED = sseFrame({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } })

/** Streams that say a word and then nothing, for a minute of virtual time. */
export const timers: Probe = async (variant) => {
  const clock = new VirtualClock()
  // Its own timers would count, too.
  const transport = new FakeTransport(() => [fake.head(), fake.bytes(CREATED), fake.stall()], { clock })
  const client = new ResilientClient({ transport, clock: clock.labelled('client'), maxRetries: 0, apiKey: 'sk-bench' })
  // Held: one that is thrown away is ended when it is collected.
  const held = Array.from({ length: STREAMS }, () => client.responses.stream({ model: 'bench', input: 'hi' }))
  await clock.advance(60_000)
  const { pending, fired } = clock.counts('client')
  return (variant === 'armed' ? pending : fired) / held.length
}
