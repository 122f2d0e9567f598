/** One process of a fleet. Makes calls as its parent says, and tells how each ended. */
import { redisFleet } from '../../../src/fleet/index.ts'
import { ResilientClient, type ResilientClientOptions } from '../../../src/index.ts'
import { CLIENTS, type ClientName } from './redis-clients.ts'

export interface WorkerInput {
  /** `undefined`: the process is alone, without a fleet. */
  readonly redis: ClientName | undefined
  readonly port: number
  readonly client: ResilientClientOptions
}

export type Order =
  /** Keeps so many calls under way, each followed by the next. */
  | { readonly do: 'keep'; readonly calls: number }
  /** Ends all of those. */
  | { readonly do: 'stop' }
  | { readonly do: 'call'; readonly params: object }
  | { readonly do: 'retrieve' | 'cancel'; readonly id: string }
  | { readonly do: 'close' }

export type Report =
  | { readonly told: 'ready' }
  | { readonly told: 'event'; readonly event: object }
  | {
      readonly told: 'ended'
      readonly order: Order['do']
      readonly id: string | undefined
      readonly error: string | undefined
    }
  | { readonly told: 'closed' }

const input = JSON.parse(process.argv[2] ?? '{}') as WorkerInput
const redis = input.redis && (await CLIENTS[input.redis](input.port))
const report = (message: Report): void => void process.send?.(message)
const client = new ResilientClient({
  ...input.client,
  ...(redis && { fleet: redisFleet(redis.client, { name: 'test' }) }),
  onEvent: (event) => {
    if (event.type === 'fleet_store') report({ told: 'event', event })
  },
})
let isOver = false
let keeping = new AbortController()

process.on('message', (order: Order) => {
  void obey(order)
})
report({ told: 'ready' })

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'keep':
      for (let n = 0; n < order.calls; n++) void keepCalling(keeping.signal)
      return
    case 'stop':
      keeping.abort()
      keeping = new AbortController()
      return
    case 'call':
      return told('call', client.responses.create({ model: 'm', input: 'hi', ...order.params }))
    case 'retrieve':
      return told('retrieve', client.responses.retrieve(order.id))
    case 'cancel':
      return told('cancel', client.responses.cancel(order.id))
    case 'close':
      isOver = true
      await client.close()
      await redis?.close()
      report({ told: 'closed' })
      process.disconnect()
  }
}

async function keepCalling(signal: AbortSignal): Promise<void> {
  while (!isOver && !signal.aborted)
    await told('keep', client.responses.create({ model: 'm', input: 'hi' }, { signal }))
}

async function told(order: Order['do'], call: Promise<{ readonly id: string }>): Promise<void> {
  try {
    report({ told: 'ended', order, id: (await call).id, error: undefined })
  } catch (error) {
    report({ told: 'ended', order, id: undefined, error: String(error) })
  }
}
