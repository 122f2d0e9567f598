import type { CallContext } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import type { HeaderSource } from './header-source.ts'
import type { ClientSettings } from './settings.ts'

/** What the drop-in needs of its client. */
export interface FetchHost {
  readonly settings: ClientSettings
  readonly headers: HeaderSource
  /** @throws ClientClosedError after the client was closed. */
  assertOpen(): void
  /** Everything a call runs with; registers the call as under way. */
  contextFor(origin: string, scope: AbortScope): CallContext
  /** Registers a call as under way, for `close()` to wait for and `destroy()` to end. */
  begin(scope: AbortScope): void
  /** It is over. A call that runs tells it by itself. */
  end(scope: AbortScope): void
  /** The transport hands requests on to a `fetch`, which adds what is missing. */
  readonly handsOn: boolean
}
