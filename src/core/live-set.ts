/** A member of a `LiveSet`, which stores its index here. `-1` while it is in no set. A member is in one set at most. */
export interface Member {
  place: number
}

/**
 * The objects that are in use. A `Set` with many short-lived members defeats the garbage collector: it is rebuilt again
 * and again, each table refers to the next, and an old table keeps all later members alive until the next major
 * collection. A `LiveSet` holds no reference to members that left.
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

  delete(member: Member): void {
    const { place } = member
    if (this.#members[place] !== member) return
    const last = this.#members.pop() as T
    member.place = -1
    if (last === member) return
    this.#members[place] = last
    last.place = place
  }

  /** Iterates over a snapshot: the set may change during the iteration. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#members].values()
  }
}
