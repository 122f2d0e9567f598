/**
 * The one part of undici that is used, by its own path: undici's main entry replaces the dispatcher of the built-in
 * `fetch` on some versions of Node (it breaks `NODE_USE_ENV_PROXY` and explicit `content-length` there), and takes three
 * times as long to load. A test imports this package and compares the globals before and after.
 *
 * A static import, and no `require`: whoever bundles an agent into one file needs a bundler to see it.
 */
import type { Client as ClientClass, Dispatcher } from 'undici'
// @ts-expect-error: undici declares the types of its main entry only.
import UndeclaredClient from 'undici/lib/dispatcher/client.js'

export const Client: typeof ClientClass = UndeclaredClient

export type { Dispatcher }
export type Client = ClientClass
