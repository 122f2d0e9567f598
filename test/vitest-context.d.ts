import 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Everything, however long it takes: every byte offset, all seeds. Set by `npm run check:full`. */
    full: boolean
  }
}
