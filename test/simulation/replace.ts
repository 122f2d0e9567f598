import { registerHooks } from 'node:module'

/** What of the transport is simulated: the connector that dials, undici's `Client` and the WebSockets of `ws`. Everything else is the real thing. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  [url('../../src/transport/undici/undici-parts.ts'), url('./network/undici-parts.ts')],
  [url('../../src/transport/undici/connector.ts'), url('./network/connector.ts')],
  [url('../../src/transport/websocket/ws-wire.ts'), url('./network/ws-wire.ts')],
])

function url(path: string): string {
  return new URL(path, import.meta.url).href
}

/** For plain Node: to be called before `src` is first imported. */
export function replaceNetwork(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      const replacement = REPLACED.get(resolved.url)
      return replacement === undefined ? resolved : { ...resolved, url: replacement }
    },
  })
}
