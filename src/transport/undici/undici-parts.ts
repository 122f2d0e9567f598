/**
 * The one part of undici that is used, by its own path: undici's main entry replaces the dispatcher of the built-in
 * `fetch` on some versions of Node (it breaks `NODE_USE_ENV_PROXY` and explicit `content-length` there), and takes three
 * times as long to load. The path is not public, so `package.json` names one minor version of undici; where the path is
 * missing all the same, the main entry serves. A test imports this package and compares the globals before and after.
 *
 * It is loaded with the first connection, because it takes as long as everything else that importing the package loads.
 * Plain imports, and no `require`: whoever bundles an agent into one file needs a bundler to see them.
 */
import type { Client as ClientClass, Dispatcher } from 'undici'
import { Lazy } from '../../core/lazy.ts'

export type { Dispatcher }
export type Client = ClientClass

const lazyClient = new Lazy<typeof ClientClass>(() => importPart().catch(importWhole))

/** `undefined` until it is loaded. */
export function loadedClient(): typeof ClientClass | undefined {
  return lazyClient.loaded
}

/** @throws what the import throws, where undici is missing. */
export function loadClient(): Promise<typeof ClientClass> {
  return lazyClient.load()
}

async function importPart(): Promise<typeof ClientClass> {
  // @ts-expect-error: undici declares the types of its main entry only.
  return (await import('undici/lib/dispatcher/client.js')).default
}

const DISPATCHERS = [1, 2].map((version) => Symbol.for(`undici.globalDispatcher.${version}`))

/** Leaves the dispatcher of the built-in `fetch` in its place. */
async function importWhole(): Promise<typeof ClientClass> {
  const globals = globalThis as unknown as Record<symbol, unknown>
  // The built-in fetch has its dispatcher from the first look at one of its classes on.
  void globalThis.Response
  const before = DISPATCHERS.map((name) => [name, globals[name]] as const)
  const { Client } = await import('undici')
  for (const [name, dispatcher] of before) if (dispatcher !== undefined) globals[name] = dispatcher
  return Client
}
