import type { Script } from './scripts.ts'

/** A Redis or a Valkey, by the few commands that a fleet uses. What it rejects with is an error of the server or of its client. */
export interface Store {
  /** `EVALSHA`. Rejects with `NOSCRIPT` where the server does not know the script. */
  evalsha(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /** `EVAL`. */
  eval(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  get(key: string): Promise<unknown>
  /** `SET` with `PX`. */
  set(key: string, value: string, forMs: number): Promise<unknown>
  /** Listens on a connection that is made for it. Never throws. */
  subscribe(channel: string, listener: SubscriptionListener): Subscription
}

export interface SubscriptionListener {
  onMessage(message: string): void
  /** It listens, for the first time or again: what was published meanwhile was missed. */
  onListening(): void
  /** The server has refused it, with this word (`NOPERM`). It is tried again when the connection is made anew. */
  onRefused(problem: string): void
}

export interface Subscription {
  /** Ends it, and its connection. Never rejects. */
  end(): Promise<void>
}
