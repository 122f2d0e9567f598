import type { AbortScope } from '../core/abort.ts'

/** Frees what a stream holds when it was thrown away without being read to its end: register it with its scope, under itself. */
export const abandoned = new FinalizationRegistry<AbortScope>((scope) =>
  scope.abort(new Error('the stream was thrown away')),
)
