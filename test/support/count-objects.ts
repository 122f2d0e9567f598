import { queryObjects } from 'node:v8'

/** How many living objects have this class, after a garbage collection. `Object`: arrays and functions count, too. */
export function countOf(Class: new (...args: never[]) => unknown): number {
  return queryObjects(Class, { format: 'count' })
}

/** How many more objects are alive for each of the results of `make`. */
export async function objectsOfEach(make: () => Promise<readonly unknown[]>): Promise<number> {
  const before = countOf(Object)
  const kept = await make()
  const after = countOf(Object)
  return (after - before) / kept.length
}
