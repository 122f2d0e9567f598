import { wasHeard } from '../served.ts'
import type { AttemptEntry } from './attempt-entry.ts'

/** The retry budget of one endpoint as it must stand, by the rules of the design. */
export class Account {
  readonly #capacity: number
  readonly #depositPerSuccess: number
  readonly #now: () => number
  #balance: number
  #at: number

  constructor(options: { capacity?: number; depositPerSuccess?: number }, now: () => number) {
    this.#capacity = options.capacity ?? 20
    this.#depositPerSuccess = options.depositPerSuccess ?? 0.5
    this.#now = now
    this.#balance = this.#capacity
    this.#at = now()
  }

  get balance(): number {
    const now = this.#now()
    this.#balance = Math.min(this.#capacity, this.#balance + ((now - this.#at) / 60_000) * 2)
    this.#at = now
    return this.#balance
  }

  deposit(): void {
    this.#balance = Math.min(this.#capacity, this.balance + this.#depositPerSuccess)
  }

  /** A retry that is not free. */
  pay(onEmpty: () => void): void {
    if (this.balance < 1 - 1e-6) onEmpty()
    this.#balance = this.balance - 1
  }
}

/** A gateway's word that it did not get through to the endpoint: 502 or 504, without a hint and without a word of overload. */
export function isGatewayFailure({ ended, served }: AttemptEntry, code: string): boolean {
  if (code !== 'http_status' || (ended?.status !== 502 && ended?.status !== 504)) return false
  const said = served !== undefined && wasHeard(served) ? served.answered : undefined
  return said === undefined || (!said.refused && (said.hintMs ?? 0) <= 0)
}
