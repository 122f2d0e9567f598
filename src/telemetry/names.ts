/** A name that the endpoint chose; `undefined` if it does not look like a name. A sentence could be part of an answer. */
export function nameOf(value: string | undefined, longest = 64): string | undefined {
  return value !== undefined && value.length <= longest && /^[\w.:/@+=-]+$/.test(value) ? value : undefined
}
