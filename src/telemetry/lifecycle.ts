import { publish, type TelemetryEmitter } from './emitter.ts'
import type { ClientLifecycleEvent } from './events.ts'

/** A transport, which reports events of its cached clients. */
interface Source {
  observe?(listener: (event: ClientLifecycleEvent) => void): () => void
}

interface Relay {
  readonly emitters: Set<TelemetryEmitter>
  readonly stop: () => void
}

/**
 * One relay for each transport, so that `diagnostics_channel` gets each event once, however many clients share the
 * transport.
 */
const relays = new WeakMap<Source, Relay>()

/**
 * Passes the events of a transport's cached clients to a client's listeners, and once to the channels.
 *
 * @returns a function that stops this for the emitter. Idempotent.
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
