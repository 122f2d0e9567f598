import { shownKind } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { refusalOf } from './problem.ts'
import type { Store, Subscription, SubscriptionListener } from './store.ts'

type Method = (...args: never[]) => unknown

/** A client or a cluster of ioredis or iovalkey, by what it must have. */
export interface IoRedisClient {
  readonly evalsha: Method
  readonly eval: Method
  readonly get: Method
  readonly set: Method
  readonly subscribe: Method
  readonly duplicate: Method
  readonly disconnect: Method
  readonly on: Method
  readonly off: Method
}

/** A client or a cluster of node-redis (the package `redis`), by what it must have. */
export interface NodeRedisClient {
  readonly evalSha: Method
  readonly eval: Method
  readonly get: Method
  readonly set: Method
  readonly subscribe: Method
  readonly duplicate: Method
  readonly connect: Method
  readonly destroy: Method
  readonly on: Method
  readonly off: Method
}

/** What `redisFleet()` takes: a client of ioredis, iovalkey or node-redis, or a cluster of one. */
export type RedisClient = IoRedisClient | NodeRedisClient

/** What is called of ioredis. */
interface IoRedis {
  readonly status?: string
  readonly options?: { autoResubscribe?: boolean }
  evalsha(sha1: string, keyCount: number, ...rest: string[]): Promise<unknown>
  eval(text: string, keyCount: number, ...rest: string[]): Promise<unknown>
  get(key: string): Promise<unknown>
  set(key: string, value: string, px: 'PX', forMs: number): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  duplicate(): IoRedis
  connect(): Promise<unknown>
  disconnect(): void
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
}

/** What is called of node-redis. */
interface NodeRedis {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(text: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  get(key: string): Promise<unknown>
  set(key: string, value: string, options: { PX: number }): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  duplicate(overrides?: { minimizeConnections: true }): NodeRedis
  connect(): Promise<unknown>
  destroy(): void
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
}

/** @throws ConfigurationError for what is no such client. */
export function storeOf(client: RedisClient): Store {
  const has = (name: string): boolean =>
    typeof client === 'object' && client !== null && typeof (client as never)[name] === 'function'
  const common = ['eval', 'get', 'set', 'subscribe', 'duplicate', 'on', 'off']
  if (common.every(has)) {
    if (has('evalSha') && has('connect') && has('destroy'))
      return nodeRedisStore(client as unknown as NodeRedis, { isCluster: has('getSlotRandomNode') })
    if (has('evalsha') && has('disconnect')) return ioRedisStore(client as unknown as IoRedis)
  }
  throw new ConfigurationError(
    `redisFleet: got ${shownKind(client)}; accepted: a client of ioredis, iovalkey or node-redis (createClient() of redis), or a cluster of one.`,
    'redis',
  )
}

function ioRedisStore(client: IoRedis): Store {
  return {
    evalsha: ({ sha1 }, keys, args) => client.evalsha(sha1, keys.length, ...keys, ...args),
    eval: ({ text }, keys, args) => client.eval(text, keys.length, ...keys, ...args),
    get: (key) => client.get(key),
    set: (key, value, forMs) => client.set(key, value, 'PX', forMs),
    subscribe: (channel, listener) =>
      subscribed(client, listener, () => {
        const duplicate = client.duplicate()
        // We subscribe when it is ready. It would do the same, and leave the rejection to end the process where the server refuses.
        if (duplicate.options !== undefined) duplicate.options.autoResubscribe = false
        duplicate.on('message', (_channel, message) => listener.onMessage(String(message)))
        return {
          duplicate,
          // Made with `lazyConnect`, it waits to be told.
          start: async () => void (duplicate.status === 'wait' && (await duplicate.connect())),
          // After every connect: where the server was away at first, the client has given up the command.
          onReady: () => duplicate.subscribe(channel),
          end: () => duplicate.disconnect(),
        }
      }),
  }
}

function nodeRedisStore(client: NodeRedis, { isCluster }: { isCluster: boolean }): Store {
  const listenOn = isCluster ? listenOnCluster : listenOnOne
  return {
    evalsha: ({ sha1 }, keys, args) => client.evalSha(sha1, { keys: [...keys], arguments: [...args] }),
    eval: ({ text }, keys, args) => client.eval(text, { keys: [...keys], arguments: [...args] }),
    get: (key) => client.get(key),
    set: (key, value, forMs) => client.set(key, value, { PX: forMs }),
    subscribe: (channel, listener) => listenOn(client, channel, listener),
  }
}

function listenOnOne(client: NodeRedis, channel: string, listener: SubscriptionListener): Subscription {
  return subscribed(client, listener, () => {
    const duplicate = client.duplicate()
    const onMessage = (message: string): void => listener.onMessage(message)
    let subscribing: Promise<unknown> | undefined
    return {
      duplicate,
      start: () => duplicate.connect(),
      // It subscribes again by itself after a reconnect.
      onReady: () => {
        subscribing ??= duplicate.subscribe(channel, onMessage).catch((error) => {
          subscribing = undefined
          throw error
        })
        return subscribing
      },
      end: () => duplicate.destroy(),
    }
  })
}

/**
 * A cluster of node-redis has no event `ready`: it has `node-ready` for each connection to a node, and `disconnect` at its end. A
 * duplicate that finds no node gives up. It tries again when the caller's cluster has reached a node.
 */
function listenOnCluster(client: NodeRedis, channel: string, listener: SubscriptionListener): Subscription {
  // One connection is enough: the nodes pass on to each other what is published.
  const duplicate = client.duplicate({ minimizeConnections: true })
  let isConnected = false
  let isListening = false
  let isTrying = false
  let isOver = false
  const listen = async (): Promise<void> => {
    if (isListening || isTrying || isOver) return
    isTrying = true
    try {
      if (!isConnected) await duplicate.connect()
      isConnected = true
      await duplicate.subscribe(channel, (message) => listener.onMessage(message))
      isListening = true
      listener.onListening()
    } catch (error) {
      refused(listener, error)
    } finally {
      isTrying = false
    }
  }
  const end = (): void => {
    if (isOver) return
    isOver = true
    client.off('node-ready', listen)
    client.off('disconnect', end)
    duplicate.destroy()
  }
  duplicate.on('error', () => {})
  // It subscribes again by itself after a reconnect.
  duplicate.on('node-ready', () => {
    if (isListening) listener.onListening()
  })
  client.on('node-ready', listen)
  client.on('disconnect', end)
  void listen()
  return {
    async end() {
      end()
    },
  }
}

/** A connection that listens. */
interface Listening {
  readonly duplicate: Pick<IoRedis, 'on'>
  start(): Promise<unknown>
  onReady(): Promise<unknown>
  end(): void
}

/** Where a connection is lost, commands fail at the same time, and the guard of the store tells of them. */
function refused(listener: SubscriptionListener, error: unknown): void {
  const problem = refusalOf(error)
  if (problem !== undefined) listener.onRefused(problem)
}

/** Ends with the client of which it is a duplicate, too, so that it keeps no program alive. */
function subscribed(
  client: Pick<IoRedis, 'on' | 'off'>,
  listener: SubscriptionListener,
  make: () => Listening,
): Subscription {
  let isOver = false
  let listening: Listening | undefined
  const end = (): void => {
    if (isOver) return
    isOver = true
    client.off('end', end)
    try {
      listening?.end()
    } catch {
      // It was closed already.
    }
  }
  client.on('end', end)
  try {
    const made = make()
    listening = made
    // The client reconnects by itself. Without a listener the error would end the process.
    // After a reconnect node-redis subscribes by itself, tells here that it was refused, and connects anew without an end.
    made.duplicate.on('error', (error) => {
      if (refusalOf(error) === 'NOPERM') refused(listener, error)
    })
    made.duplicate.on('ready', () => {
      void made.onReady().then(
        () => listener.onListening(),
        (error) => refused(listener, error),
      )
    })
    made.start().catch(() => {})
  } catch {
    // A client that was closed cannot be duplicated. Then there are no commands either.
    end()
  }
  return {
    async end() {
      end()
    },
  }
}
