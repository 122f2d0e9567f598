/**
 * Built-in modules, loaded as `require` does. Importing one as an ES module makes Node evaluate every export, lazy ones
 * included: for `node:http` that loads the built-in fetch (20 ms). For these modules together it takes a tenth of this
 * package's import time.
 */
export const net = process.getBuiltinModule('node:net')
export const tls = process.getBuiltinModule('node:tls')

/** Lazy: most programs use no proxy. */
export const http = () => process.getBuiltinModule('node:http')
export const https = () => process.getBuiltinModule('node:https')

/** Lazy: most bodies are not compressed. */
export const zlib = () => process.getBuiltinModule('node:zlib')
