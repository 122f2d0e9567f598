import { publish, type TelemetryEmitter } from './emitter.ts'
import type { ClientLifecycleEvent } from './events.ts'

/** What tells of cached clients: a transport. */
interface Source {
  observe?(listener: (event: ClientLifecycleEvent) => void): () => void
}

interface Relay {
  readonly emitters: Set<TelemetryEmitter>
  readonly stop: () => void
}

/** One for each transport, however many clients use it: `diagnostics_channel` is told each event once. */
const relays = new WeakMap<Source, Relay>()

/**
 * Passes the events of a transport's cached clients on to a client's listener, and once to their channels.
 *
 * @returns ends it for this emitter; idempotent.
 */
export function relayLifecycle(source: Source, emitter: TelemetryEmitter): () => void {
  if (source.observe === undefined) return () => {}
  const relay = relays.get(source) ?? relayOf(source as Required<Source>)
  relay.emitters.add(emitter)
  return () => {
    if (!relay.emitters.delete(emitter) || relay.emitters.size > 0) return
    relays.delete(source)
    relay.stop()
  }
}

function relayOf(source: Required<Source>): Relay {
  const emitters = new Set<TelemetryEmitter>()
  const stop = source.observe((event) => {
    publish(event)
    for (const emitter of [...emitters]) emitter.tell(event)
  })
  const relay = { emitters, stop }
  relays.set(source, relay)
  return relay
}
