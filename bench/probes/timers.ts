import { ResilientClient } from '../../src/index.ts'
import { FakeTransport, fake, sseFrame, VirtualClock } from '../../src/testing/index.ts'
import type { Probe } from './contract.ts'

const STREAMS = 5000
const CREATED = sseFrame({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } })

/** Streams that send one event and are then silent for a minute of virtual time. */
export const timers: Probe = async (variant) => {
  const clock = new VirtualClock()
  // On another label, because its timers would be counted as well.
  const transport = new FakeTransport(() => [fake.head(), fake.bytes(CREATED), fake.stall()], { clock })
  const client = new ResilientClient({ transport, clock: clock.labelled('client'), maxRetries: 0, apiKey: 'sk-bench' })
  // Kept, because an unreferenced stream is ended when it is collected.
  const held = Array.from({ length: STREAMS }, () => client.responses.stream({ model: 'bench', input: 'hi' }))
  await clock.advance(60_000)
  const { pending, fired } = clock.counts('client')
  return (variant === 'armed' ? pending : fired) / held.length
}
