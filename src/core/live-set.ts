/** What a `LiveSet` can hold: it writes down where. `-1` while it is in none; each is in one at most. */
export interface Member {
  place: number
}

/**
 * Those that are under way. A `Set` into which short-lived things go and leave again defeats the garbage collection of
 * the young: it is rebuilt again and again, each table refers to the next, and one that has grown old keeps alive all that
 * its successors ever held, until the next major collection. Here nothing is left of what has gone.
 */
export class LiveSet<T extends Member> implements Iterable<T> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    if (member.place >= 0) return
    member.place = this.#members.length
    this.#members.push(member)
  }

  delete(member: T): void {
    const { place } = member
    if (this.#members[place] !== member) return
    const last = this.#members.pop() as T
    member.place = -1
    if (last === member) return
    this.#members[place] = last
    last.place = place
  }

  /** Of those that are in it now: it may change meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#members].values()
  }
}
