import type { AbortScope } from '../core/abort.ts'

/** Frees what an unreferenced stream holds. Register the stream with its scope, and itself as the token. */
export const abandoned = new FinalizationRegistry<AbortScope>((scope) =>
  scope.abort(new Error('the stream was not read and is not referenced any more')),
)
