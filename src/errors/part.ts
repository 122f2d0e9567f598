import { Lazy } from '../core/lazy.ts'
import { keepOutOfPrint, RequestError } from './errors.ts'
import { redact } from './redact.ts'
import { errorChain } from './system-cause.ts'

/** The process or the machine lacks a resource that becomes available again. */
const TRANSIENT: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'])

const BUNDLE =
  'The program was bundled as ESM, where the CommonJS code of undici has no `require`. Give the bundler the banner of docs/bundlers.md, bundle as CommonJS, or keep resilient-responses out of the bundle.'
const INSTALL =
  'Install resilient-responses with its dependencies, and keep it out of the bundle or put all of its files into it (docs/bundlers.md).'

/** A part of this package that is loaded when it is needed. Failing to load it is not a network failure. */
export class Part<P> extends Lazy<P> {
  /** @param load a plain `import()`, so that bundlers see what is imported. */
  constructor(load: () => Promise<P>) {
    super(() => load().catch(rethrow))
  }
}

/** @throws RequestError `part_not_loaded`, after which a retry does not help. A failure that may pass is thrown unchanged. */
function rethrow(error: unknown): never {
  for (const link of errorChain(error)) if (TRANSIENT.has((link as { readonly code?: unknown }).code)) throw error
  const words = error instanceof Error ? redact(error.message) : 'no detail'
  const advice = /\brequire\b/.test(words) ? BUNDLE : INSTALL
  const made = new RequestError(`A part of this package could not be loaded: ${words}. ${advice}`, {
    code: 'part_not_loaded',
    replaySafety: 'safe',
  })
  throw keepOutOfPrint(made, 'cause', error)
}
