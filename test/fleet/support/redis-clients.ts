import { Redis as IoRedis } from 'ioredis'
import { Redis as IoValkey } from 'iovalkey'
import { createClient } from 'redis'
import type { RedisClient } from '../../../src/fleet/index.ts'

/** A client of one of the three packages, as its users make it. */
export interface MadeClient {
  readonly client: RedisClient
  /** Any command. */
  command(...args: string[]): Promise<unknown>
  close(): Promise<void>
}

export interface User {
  readonly username?: string
  readonly password?: string
}

/** The options that matter where a server is away. Errors are listened for, as their pages say. */
export const CLIENTS = {
  ioredis: async (port: number, user: User = {}): Promise<MadeClient> => {
    const client = new IoRedis(port, '127.0.0.1', { retryStrategy: () => 50, ...user })
    client.on('error', () => {})
    return {
      client,
      command: (name, ...args) => client.call(name as string, ...args),
      close: async () => client.disconnect(),
    }
  },
  iovalkey: async (port: number, user: User = {}): Promise<MadeClient> => {
    const client = new IoValkey(port, '127.0.0.1', { retryStrategy: () => 50, ...user })
    client.on('error', () => {})
    return {
      client,
      command: (name, ...args) => client.call(name as string, ...args),
      close: async () => client.disconnect(),
    }
  },
  'node-redis': async (port: number, user: User = {}): Promise<MadeClient> => {
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 50 }, ...user })
    client.on('error', () => {})
    await client.connect()
    return {
      client,
      command: (...args) => client.sendCommand(args),
      close: async () => client.destroy(),
    }
  },
} satisfies Record<string, (port: number, user?: User) => Promise<MadeClient>>

export type ClientName = keyof typeof CLIENTS
export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[]
