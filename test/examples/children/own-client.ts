/** The module of docs/mocks.md that makes the client of a program. */
import { ResilientClient, type ResilientClientOptions } from '../../../src/index.ts'

export function createClient(changes: ResilientClientOptions = {}): ResilientClient {
  return new ResilientClient({ upgradeToStream: true, maxRetries: 3, ...changes })
}
export const client = createClient()
