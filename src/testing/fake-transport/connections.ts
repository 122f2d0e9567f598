import type { ClientLifecycleEvent, ConnectionInfo } from '../../transport/transport.ts'

interface FakeClient {
  readonly key: string
  readonly generation: number
  readonly idle: number[]
  leases: number
  /** Connections in use by an exchange. */
  busy: number
  poisoned: boolean
  destroyed: boolean
}

/** The right of one exchange to a client, and to one of its connections. */
export interface FakeLease {
  /** Takes the most recently used idle connection, or opens a new one. */
  open(how: { readonly newConnection: boolean }): ConnectionInfo
  poison(reason: string): void
  /** Ends the lease. Must be called once. Keeps the connection if another exchange can use it. */
  end(connection: 'keep' | 'close'): void
}

/** Simulates a client cache: one client per origin, generations, idle connections. Opens no sockets. */
export class FakeConnections {
  readonly #clients = new Set<FakeClient>()
  /** By key: the client that gets the next lease. */
  readonly #current = new Map<string, FakeClient>()
  readonly #generations = new Map<string, number>()
  readonly #listeners = new Set<(event: ClientLifecycleEvent) => void>()
  #lastConnectionId = 0
  #closed = false

  observe(listener: (event: ClientLifecycleEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  acquire(key: string): FakeLease {
    const client = this.#current.get(key) ?? this.#build(key)
    client.leases++
    let connectionId: number | undefined
    return {
      open: ({ newConnection }) => {
        const idle = newConnection ? undefined : client.idle.pop()
        connectionId = idle ?? ++this.#lastConnectionId
        client.busy++
        return { generation: client.generation, reused: idle !== undefined, connectionId }
      },
      poison: (reason) => this.#poison(client, reason),
      end: (connection) => {
        client.leases--
        if (connectionId !== undefined) {
          client.busy--
          if (connection === 'keep' && !client.poisoned && !this.#closed) client.idle.push(connectionId)
        }
        this.#destroyIfDone(client)
      },
    }
  }

  /** From now on a client ends with its last lease. */
  close(): void {
    this.#closed = true
    for (const client of this.#clients) {
      client.idle.length = 0
      this.#destroyIfDone(client)
    }
  }

  stats(): { connections: number; idleConnections: number; leases: number; clients: number } {
    const totals = { connections: 0, idleConnections: 0, leases: 0, clients: this.#clients.size }
    for (const client of this.#clients) {
      totals.connections += client.busy + client.idle.length
      totals.idleConnections += client.idle.length
      totals.leases += client.leases
    }
    return totals
  }

  #build(key: string): FakeClient {
    const generation = (this.#generations.get(key) ?? 0) + 1
    this.#generations.set(key, generation)
    const client = { key, generation, idle: [], leases: 0, busy: 0, poisoned: false, destroyed: false }
    this.#clients.add(client)
    this.#current.set(key, client)
    this.#emit({ type: 'client_created', key, generation })
    return client
  }

  #poison(client: FakeClient, reason: string): void {
    if (client.poisoned || client.destroyed) return
    client.poisoned = true
    client.idle.length = 0
    this.#current.delete(client.key)
    this.#emit({ type: 'client_poisoned', key: client.key, generation: client.generation, reason })
    this.#destroyIfDone(client)
  }

  #destroyIfDone(client: FakeClient): void {
    if (client.leases > 0 || client.destroyed || !(client.poisoned || this.#closed)) return
    client.destroyed = true
    this.#clients.delete(client)
    if (this.#current.get(client.key) === client) this.#current.delete(client.key)
    this.#emit({ type: 'client_destroyed', key: client.key, generation: client.generation })
  }

  #emit(event: ClientLifecycleEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}
