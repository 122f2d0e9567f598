import { undiciTransport } from '../../src/index.ts'
import type { Contestant } from '../contract.ts'
import { typedClient } from './typed-client.ts'

export async function create(): Promise<Contestant> {
  return typedClient({ transport: undiciTransport() })
}
