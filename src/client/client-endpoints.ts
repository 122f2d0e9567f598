import { type EndpointOf, Endpoints } from '../endpoints/endpoints.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { ClientFleet } from './client-fleet.ts'
import type { ClientSettings } from './settings.ts'

/** The endpoints of a client, where there are several. Its fleet hears of their cool-downs, and they of those of others. */
export function clientEndpoints(
  { endpoints, clock, random }: ClientSettings,
  endpointOf: EndpointOf | undefined,
  { telemetry, fleet }: { readonly telemetry: TelemetryEmitter; readonly fleet: ClientFleet | undefined },
): Endpoints | undefined {
  if (endpoints === undefined) return undefined
  const made = new Endpoints({
    endpoints,
    endpointOf,
    sharedOwners: fleet?.owners,
    clock,
    random,
    onCooled: ({ name }, forMs) => {
      fleet?.cooled(name, forMs)
      if (!telemetry.wants('endpoint_cooled')) return
      telemetry.emit({ type: 'endpoint_cooled', endpoint: name, forMs: Math.round(forMs) })
    },
  })
  fleet?.watch(made)
  return made
}
