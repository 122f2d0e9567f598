import { createHash } from './digests.ts'

/** A Lua script that the server runs at once, with nothing in between. */
export interface Script {
  readonly text: string
  /** By which the server knows it once it has run. */
  readonly sha1: string
}

function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}

/** Reads a file of `lua/`. The build puts its text in place of the call. */
function readLua(name: string): string {
  return process.getBuiltinModule('node:fs').readFileSync(new URL(`lua/${name}`, import.meta.url), 'utf8')
}

/** Reports, quotas and facts, in one command. */
export const SYNC: Script = script(readLua('sync.lua'))
