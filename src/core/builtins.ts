/**
 * Modules of Node, as `require` gives them. To make an ES module of one, Node builds everything that it exports, lazy parts
 * included: of `node:http` all of the built-in fetch (20 ms), and of these together a tenth of the import of this package.
 */
export const net = process.getBuiltinModule('node:net')
export const tls = process.getBuiltinModule('node:tls')

/** Most programs have no proxy. */
export const http = () => process.getBuiltinModule('node:http')
export const https = () => process.getBuiltinModule('node:https')

/** Most bodies have no coding. */
export const zlib = () => process.getBuiltinModule('node:zlib')
