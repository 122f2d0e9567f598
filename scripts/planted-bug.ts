/** A bug that clients have really shipped: a small change of the source. Each anchor must occur exactly once. */
export interface Bug {
  readonly name: string
  /** It is hunted in worlds with WebSockets. */
  readonly sockets?: true
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
}

export function bug(name: string, file: string, find: string, replace: string, ...more: Bug['edits']): Bug {
  return { name, edits: [{ file, find, replace }, ...more] }
}

/** The same, hunted in worlds with WebSockets. */
export function socketBug(...args: Parameters<typeof bug>): Bug {
  return { ...bug(...args), sockets: true }
}
