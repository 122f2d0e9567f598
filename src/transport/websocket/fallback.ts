import type { Clock } from '../../core/clock.ts'
import { RecentMap } from '../../core/recent-map.ts'
import type { SocketKey } from './socket-key.ts'

/** At most this many refusals are remembered. */
const MAX_ADDRESSES = 1000

interface Refusal {
  /** On the monotonic clock. */
  readonly until: number
  isProbed: boolean
}

/** Remembers which addresses refused a WebSocket. Calls use HTTP there for `fallbackMs`; then one probe tries again. */
export class Fallback {
  readonly #clock: Clock
  readonly #fallbackMs: number
  readonly #refusals = new RecentMap<string, Refusal>(MAX_ADDRESSES)

  constructor({ clock, fallbackMs }: { readonly clock: Clock; readonly fallbackMs: number }) {
    this.#clock = clock
    this.#fallbackMs = fallbackMs
  }

  /** @param credentialAlone the credential was refused, so the address may still upgrade for other credentials. */
  refused(key: SocketKey, credentialAlone = false): void {
    if (this.#fallbackMs === 0) return
    const until = this.#clock.now() + this.#fallbackMs
    this.#refusals.set(credentialAlone ? key.id : addressOf(key), { until, isProbed: false })
  }

  /** The endpoint has upgraded. */
  upgraded(key: SocketKey): void {
    for (const name of [key.id, addressOf(key)]) this.#refusals.delete(name)
  }

  /**
   * Whether calls use HTTP. `'probe'`: they do, and `fallbackMs` is over. The caller then opens a socket beside its call, and
   * reports the result here. Only one caller is told `'probe'`.
   */
  servesFor(key: SocketKey): boolean | 'probe' {
    const refusal = this.#refusals.peek(key.id) ?? this.#refusals.peek(addressOf(key))
    if (refusal === undefined) return false
    if (refusal.isProbed || this.#clock.now() < refusal.until) return true
    refusal.isProbed = true
    return 'probe'
  }

  /** Whether HTTP serves, and it is not yet time to probe. */
  refusesNow(key: SocketKey): boolean {
    const refusal = this.#refusals.peek(key.id) ?? this.#refusals.peek(addressOf(key))
    return refusal !== undefined && this.#clock.now() < refusal.until
  }

  /** The probe could not be made, so the next call makes one. */
  notProbed(key: SocketKey): void {
    const refusal = this.#refusals.peek(key.id) ?? this.#refusals.peek(addressOf(key))
    if (refusal !== undefined) refusal.isProbed = false
  }
}

function addressOf({ url }: SocketKey): string {
  return url.href
}
