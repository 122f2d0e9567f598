import type { CallContext } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import type { HeaderSource } from './header-source.ts'
import type { ClientSettings } from './settings.ts'

/** What the drop-in needs from its client. */
export interface FetchHost {
  readonly settings: ClientSettings
  readonly headers: HeaderSource
  /** @throws ClientClosedError after the client was closed. */
  assertOpen(): void
  /** The context of a call. */
  contextFor(origin: string): CallContext
  /** Registers a call as running, so that `close()` waits for it and `destroy()` ends it. */
  begin(scope: AbortScope): void
  /** The call is over. A call that has run reports this itself. */
  end(scope: AbortScope): void
  /** The transport passes requests to a `fetch`, which adds missing headers. */
  readonly handsOn: boolean
}
