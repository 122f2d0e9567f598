/** The places where a test leaves what the compiler can check. Anything else has its type. */

/** A value that its place does not accept, for a test that shows what becomes of it. */
export function invalid<T>(value: unknown): T {
  return value as T
}

/** An object with as many members of another as a test needs: the names are checked, and what is not given is missing. */
export function standIn<T>(part: NoInfer<{ readonly [Name in keyof T]?: unknown }>): T {
  return part as T
}

/** JSON as an endpoint may send it, in the place of a typed event or response. */
export function sentJson<T>(json: unknown): T {
  return json as T
}

/** What Node accepts, and the types of the web platform do not know: `duplex`, `dispatcher`, another `fetch`. */
export function beyondTheStandard<T>(value: unknown): T {
  return value as T
}
