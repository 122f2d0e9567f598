interface Node<T> {
  readonly item: T
  before: Node<T> | undefined
  after: Node<T> | undefined
}

/**
 * Items in the order in which they were last put at the end. Every operation takes constant time. A `Map` would keep a
 * gap for each item removed from its start, and walk over all gaps at each look there.
 */
export class Order<T> {
  readonly #nodes = new Map<T, Node<T>>()
  #first: Node<T> | undefined
  #last: Node<T> | undefined

  get size(): number {
    return this.#nodes.size
  }

  get first(): T | undefined {
    return this.#first?.item
  }

  /** Moves an item to the end, or adds it there. */
  toEnd(item: T): void {
    if (this.#last?.item === item && this.#last !== undefined) return
    this.delete(item)
    const node: Node<T> = { item, before: this.#last, after: undefined }
    if (this.#last === undefined) this.#first = node
    else this.#last.after = node
    this.#last = node
    this.#nodes.set(item, node)
  }

  delete(item: T): void {
    const node = this.#nodes.get(item)
    if (node === undefined) return
    this.#nodes.delete(item)
    if (node.before === undefined) this.#first = node.after
    else node.before.after = node.after
    if (node.after === undefined) this.#last = node.before
    else node.after.before = node.before
  }
}
