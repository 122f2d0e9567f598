import { lauxlib, lua, lualib, to_jsstring, to_luastring } from 'fengari'
import type { Clock } from '../../../src/core/clock.ts'
import type { Script } from '../../../src/fleet/scripts.ts'
import type { Store, SubscriptionListener } from '../../../src/fleet/store.ts'

/** How one process reaches the server. Times are milliseconds. */
export interface Path {
  /** Before the server has the command, and before the process has the answer. */
  delayMs(): number
  /** Whether this message is lost, in either direction. */
  isLost(): boolean
}

const DIRECT: Path = { delayMs: () => 0, isLost: () => false }

type Value = string | Map<string, string>

/**
 * A Redis in memory that runs the scripts, in the time of a virtual clock. It knows the commands that the scripts use. Its own clock
 * begins at a small number, because the interpreter has integers of 32 bits.
 */
export class MemoryServer {
  readonly #clock: Clock
  readonly #values = new Map<string, { value: Value; until: number }>()
  readonly #listeners = new Set<(channel: string, message: string) => void>()
  readonly #lua = lauxlib.luaL_newstate()
  readonly #scripts = new Map<string, string>()
  /** What its clock is ahead. */
  skewMs = 100_000_000
  /** Set for what the server answers to every command. */
  failure: string | undefined
  /** Answers nothing until it is thawed. */
  #frozen: Array<() => void> | undefined
  commands = 0

  constructor(clock: Clock) {
    this.#clock = clock
    lualib.luaL_openlibs(this.#lua)
    lua.lua_newtable(this.#lua)
    lua.lua_pushcfunction(this.#lua, (L) => this.#call(L))
    lua.lua_setfield(this.#lua, -2, to_luastring('call'))
    lua.lua_setglobal(this.#lua, to_luastring('redis'))
  }

  get now(): number {
    return Math.floor(this.#clock.now()) + this.skewMs
  }

  /** Everything is lost. */
  flush(): void {
    this.#values.clear()
  }

  freeze(): void {
    this.#frozen ??= []
  }

  /** What came meanwhile is done now, one command after the other. */
  thaw(): void {
    const waiting = this.#frozen ?? []
    this.#frozen = undefined
    for (const run of waiting) run()
  }

  hash(key: string): Record<string, string> {
    const value = this.#read(key)
    return value instanceof Map ? Object.fromEntries(value) : {}
  }

  keys(): string[] {
    return [...this.#values.keys()].filter((key) => this.#read(key) !== undefined)
  }

  /** A connection of one process, which gets the answers by its clock. */
  connect(path: Path = DIRECT, clock: Clock = this.#clock): Store {
    const ask = (run: () => unknown): Promise<unknown> =>
      new Promise((resolve, reject) => {
        this.commands++
        if (path.isLost()) return
        this.#clock.setTimer(() => {
          const act = (): void => {
            let settle: () => void
            try {
              if (this.failure !== undefined) throw new Error(this.failure)
              const value = run()
              settle = () => resolve(value)
            } catch (error) {
              settle = () => reject(error)
            }
            if (!path.isLost()) clock.setTimer(settle, path.delayMs())
          }
          if (this.#frozen === undefined) act()
          else this.#frozen.push(act)
        }, path.delayMs())
      })
    return {
      evalsha: (script, keys, args) => ask(() => this.run(script, keys, args)),
      eval: (script, keys, args) => ask(() => this.run(script, keys, args)),
      get: (key) => ask(() => this.#read(key) ?? null),
      set: (key, value, forMs) => ask(() => void this.#values.set(key, { value, until: this.now + forMs })),
      subscribe: (channel, listener) => this.#subscribe(channel, listener, path, clock),
    }
  }

  #subscribe(
    channel: string,
    { onMessage, onListening }: SubscriptionListener,
    path: Path,
    clock: Clock,
  ): { end(): Promise<void> } {
    const listener = (at: string, message: string): void => {
      if (at !== channel || path.isLost()) return
      clock.setTimer(() => onMessage(message), path.delayMs())
    }
    this.#listeners.add(listener)
    onListening()
    return {
      end: async () => {
        this.#listeners.delete(listener)
      },
    }
  }

  run({ text }: Script, keys: readonly string[], args: readonly string[]): unknown {
    const L = this.#lua
    for (const [name, list] of [
      ['KEYS', keys],
      ['ARGV', args],
    ] as const) {
      pushList(L, list)
      lua.lua_setglobal(L, to_luastring(name))
    }
    this.#push(text)
    if (lua.lua_pcall(L, 0, 1, 0) !== lua.LUA_OK) throw new Error(textAt(L, -1))
    const reply = readList(L)
    lua.lua_settop(L, 0)
    return reply
  }

  /** Each script is compiled once. */
  #push(text: string): void {
    const L = this.#lua
    const known = this.#scripts.get(text) ?? `script ${this.#scripts.size}`
    if (!this.#scripts.has(text)) {
      if (lauxlib.luaL_loadstring(L, to_luastring(text)) !== lua.LUA_OK) throw new Error(textAt(L, -1))
      lua.lua_setglobal(L, to_luastring(known))
      this.#scripts.set(text, known)
    }
    lua.lua_getglobal(L, to_luastring(known))
  }

  #call(L: LuaState): number {
    const [name = '', ...args] = Array.from({ length: lua.lua_gettop(L) }, (_, n) => textAt(L, n + 1))
    const result = this.#do(name, args)
    if (Array.isArray(result)) pushList(L, result)
    else if (result === undefined) lua.lua_pushboolean(L, 0)
    else lua.lua_pushstring(L, to_luastring(result))
    return 1
  }

  #do(name: string, [key = '', ...rest]: string[]): string | string[] | undefined {
    const hash = (): Map<string, string> => {
      const known = this.#read(key)
      if (known instanceof Map) return known
      const made = new Map<string, string>()
      this.#values.set(key, { value: made, until: Infinity })
      return made
    }
    const [field = '', value = ''] = rest
    switch (name) {
      case 'TIME':
        return [String(Math.floor(this.now / 1000)), String((this.now % 1000) * 1000)]
      case 'HGET': {
        const known = this.#read(key)
        return known instanceof Map ? known.get(field) : undefined
      }
      case 'HGETALL': {
        const known = this.#read(key)
        return known instanceof Map ? [...known].flat() : []
      }
      case 'HSET':
        hash().set(field, value)
        return '1'
      case 'HDEL': {
        const known = this.#read(key)
        if (known instanceof Map && known.delete(field) && known.size === 0) this.#values.delete(key)
        return '1'
      }
      case 'DEL':
        this.#values.delete(key)
        return '1'
      case 'PEXPIRE': {
        const entry = this.#values.get(key)
        if (entry !== undefined) entry.until = this.now + Number(field)
        return '1'
      }
      case 'GET': {
        const known = this.#read(key)
        return typeof known === 'string' ? known : undefined
      }
      case 'SET':
        this.#values.set(key, { value: field, until: this.now + Number(rest[2]) })
        return 'OK'
      case 'PUBLISH': {
        const listeners = [...this.#listeners]
        for (const listener of listeners) listener(key, field)
        return String(listeners.length)
      }
      default:
        throw new Error(`the script called ${name}, which this server does not know`)
    }
  }

  #read(key: string): Value | undefined {
    const entry = this.#values.get(key)
    if (entry === undefined || entry.until <= this.now) return undefined
    return entry.value
  }
}

type LuaState = ReturnType<typeof lauxlib.luaL_newstate>

function textAt(L: LuaState, index: number): string {
  return to_jsstring(lauxlib.luaL_tolstring(L, index))
}

function pushList(L: LuaState, list: readonly string[]): void {
  lua.lua_newtable(L)
  for (const [index, text] of list.entries()) {
    lua.lua_pushstring(L, to_luastring(text))
    lua.lua_rawseti(L, -2, index + 1)
  }
}

/** The list at the top of the stack. */
function readList(L: LuaState): string[] {
  const list: string[] = []
  const length = lua.lua_rawlen(L, -1)
  for (let index = 1; index <= length; index++) {
    lua.lua_rawgeti(L, -1, index)
    list.push(textAt(L, -1))
    lua.lua_settop(L, 1)
  }
  return list
}
