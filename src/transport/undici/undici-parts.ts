/**
 * Imports the only used part of undici by its own path. undici's main entry replaces the dispatcher of the built-in
 * `fetch` on some versions of Node (which breaks `NODE_USE_ENV_PROXY` and explicit `content-length` there), and takes
 * three times as long to load. The path is not public, so `package.json` names one minor version of undici; if the path
 * is missing anyway, the main entry is used. A test imports this package and compares the globals before and after.
 *
 * Loaded with the first connection, because it takes as long as the whole import of the package. A plain `import()` and
 * no `require`, so that bundlers see it.
 */
import type { Client as ClientClass, Dispatcher } from 'undici'
import { Part } from '../../errors/part.ts'

export type { Dispatcher }
export type Client = ClientClass

const lazyClient = new Part<typeof ClientClass>(() => importPart().catch(importWhole))

/** `undefined` until it is loaded. */
export function loadedClient(): typeof ClientClass | undefined {
  return lazyClient.loaded
}

/** @throws RequestError `part_not_loaded`, if undici is missing or bundled in a way that breaks it. */
export function loadClient(): Promise<typeof ClientClass> {
  return lazyClient.load()
}

async function importPart(): Promise<typeof ClientClass> {
  // @ts-expect-error: undici declares the types of its main entry only.
  return (await import('undici/lib/dispatcher/client.js')).default
}

const DISPATCHERS = [1, 2].map((version) => Symbol.for(`undici.globalDispatcher.${version}`))

/** Keeps the dispatcher of the built-in `fetch`. */
async function importWhole(): Promise<typeof ClientClass> {
  const globals = globalThis as unknown as Record<symbol, unknown>
  // The built-in fetch sets its dispatcher on the first access to one of its classes.
  void globalThis.Response
  const before = DISPATCHERS.map((name) => [name, globals[name]] as const)
  const { Client } = await import('undici')
  for (const [name, dispatcher] of before) if (dispatcher !== undefined) globals[name] = dispatcher
  return Client
}
