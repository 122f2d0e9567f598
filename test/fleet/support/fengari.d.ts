/** What is used of fengari, which has no types. */
declare module 'fengari' {
  interface State {
    readonly isState: true
  }
  type Text = Uint8Array
  export const lua: {
    readonly LUA_OK: number
    lua_newtable(L: State): void
    lua_pushcfunction(L: State, call: (L: State) => number): void
    lua_setfield(L: State, index: number, name: Text): void
    lua_setglobal(L: State, name: Text): void
    lua_pushboolean(L: State, value: number): void
    lua_pushstring(L: State, text: Text): void
    lua_rawseti(L: State, index: number, n: number): void
    lua_rawgeti(L: State, index: number, n: number): number
    lua_rawlen(L: State, index: number): number
    lua_gettop(L: State): number
    lua_settop(L: State, index: number): void
    lua_getglobal(L: State, name: Text): number
    lua_pcall(L: State, args: number, results: number, handler: number): number
  }
  export const lauxlib: {
    luaL_newstate(): State
    luaL_loadstring(L: State, text: Text): number
    luaL_tolstring(L: State, index: number): Text
  }
  export const lualib: { luaL_openlibs(L: State): void }
  export function to_luastring(text: string): Text
  export function to_jsstring(text: Text): string
}
