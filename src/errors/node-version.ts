import { oldNode } from '../core/node-version.ts'
import { ConfigurationError } from './errors.ts'

/**
 * An older Node would fail in the middle of a call, where it looks like a failure of the network.
 *
 * @throws ConfigurationError that names the version.
 */
export function refuseOldNode(version?: string): void {
  const refusal = oldNode(version)
  if (refusal !== undefined) throw new ConfigurationError(refusal, '')
}
