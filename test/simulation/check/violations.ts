/** Something that must never be. */
export interface Violation {
  readonly invariant: Invariant
  readonly call: number | undefined
  readonly at: number
  readonly detail: string
}

export type Invariant =
  | 'one_outcome'
  | 'hang'
  | 'exception'
  | 'attempts_mixed'
  | 'sequence_rises'
  | 'result_as_sent'
  | 'success_as_sent'
  | 'error_is_ours'
  | 'error_as_caused'
  | 'abort_reason'
  | 'abort_is_prompt'
  | 'nothing_after_abort'
  | 'nothing_after_end'
  | 'closed_takes_no_calls'
  | 'poisoned_gets_no_lease'
  | 'poisoned_before_decision'
  | 'retry_on_new_connection'
  | 'same_bytes'
  | 'no_unsafe_repeat'
  | 'no_repeat_after_answer'
  | 'credential_stays_home'
  | 'state_at_home'
  | 'goes_where_told'
  | 'cooled_gets_no_calls'
  | 'probed_by_one'
  | 'retried_elsewhere'
  | 'cooled_for_cause'
  | 'bad_is_cooled'
  | 'attempts_within_limit'
  | 'retries_within_budget'
  | 'reason_holds'
  | 'delay_as_asked'
  | 'commit_at_progress'
  | 'committed_once'
  | 'deadline_in_time'
  | 'deadline_not_early'
  | 'back_pressure'
  | 'responses_mixed'
  | 'one_response_a_socket'
  | 'strict_stays'
  | 'age_loses_no_call'
  | 'knows_what_was_sent'
  | 'connections_within_limit'
  | 'telemetry_paired'
  | 'client_lifecycle'
  | 'nothing_left'
  | 'no_secret'

export type Say = (invariant: Invariant, detail: string) => void

export class Violations {
  readonly found: Violation[] = []
  readonly #now: () => number

  readonly #log: ((what: string) => void) | undefined

  constructor(now: () => number, log?: (what: string) => void) {
    this.#now = now
    this.#log = log
  }

  add(invariant: Invariant, call: number | undefined, detail: string): void {
    this.#log?.(`!!! ${invariant}${call === undefined ? '' : ` (call ${call})`}: ${detail}`)
    // One is enough to act upon, and what follows it may only be its echo.
    if (this.found.length < 20) this.found.push({ invariant, call, at: this.#now(), detail })
  }
}
