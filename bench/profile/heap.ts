import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { writeHeapSnapshot } from 'node:v8'
import { inParallel, memoryAfterGc } from '../probes/support.ts'
import { type Open, openerOf, type WaitingName } from '../probes/waiting.ts'

/** What holds memory of a waiting stream: bytes for each stream. */
export interface Held {
  readonly owner: string
  readonly bytes: number
  readonly objects: number
}

const STREAMS = 500

/** Opens waiting streams. Returns what holds their memory: each object counts for the class that keeps it alive. */
export async function profileHeap(name: WaitingName, base: string): Promise<readonly Held[]> {
  const open: Open = openerOf(name, base)
  const held: unknown[] = []
  await inParallel(50, 10, async () => void held.push(await open(base)))
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-heap-'))
  try {
    await memoryAfterGc()
    const before = writeHeapSnapshot(path.join(folder, 'before.heapsnapshot'))
    await inParallel(STREAMS, 10, async () => void held.push(await open(base)))
    await memoryAfterGc()
    const after = writeHeapSnapshot(path.join(folder, 'after.heapsnapshot'))
    return held.length === 0 ? [] : ownersOf(new Graph(before).ids, new Graph(after))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A heap snapshot in the format of DevTools. */
class Graph {
  readonly ids = new Set<number>()
  readonly #nodes: readonly number[]
  readonly #edges: readonly number[]
  readonly #strings: readonly string[]
  readonly #types: readonly string[]
  readonly #edgeTypes: readonly string[]
  readonly #width: number

  constructor(file: string) {
    const { nodes, edges, strings, snapshot } = JSON.parse(readFileSync(file, 'utf8'))
    this.#nodes = nodes
    this.#edges = edges
    this.#strings = strings
    this.#types = snapshot.meta.node_types[0]
    this.#edgeTypes = snapshot.meta.edge_types[0]
    const wanted = 'type,name,id,self_size,edge_count'
    if (!snapshot.meta.node_fields.join().startsWith(wanted)) throw new Error('heap snapshots look different here')
    this.#width = snapshot.meta.node_fields.length
    for (let at = 0; at < nodes.length; at += this.#width) this.ids.add(nodes[at + 2])
  }

  get count(): number {
    return this.#nodes.length / this.#width
  }

  id(node: number): number {
    return this.#nodes[node * this.#width + 2] as number
  }

  size(node: number): number {
    return this.#nodes[node * this.#width + 3] as number
  }

  /** The name of its class, if it has one. */
  className(node: number): string | undefined {
    if (this.#types[this.#nodes[node * this.#width] as number] !== 'object') return undefined
    const name = this.#strings[this.#nodes[node * this.#width + 1] as number] as string
    return /^[A-Z]\w+$/.test(name) && !NAMELESS.has(name) ? name : undefined
  }

  /** For each node, its parent on the shortest path from the roots. */
  parents(): Int32Array {
    const first = new Int32Array(this.count + 1)
    for (let node = 0; node < this.count; node++) {
      first[node + 1] = (first[node] as number) + (this.#nodes[node * this.#width + 4] as number)
    }
    const parents = new Int32Array(this.count).fill(-1)
    const queue = [0]
    for (const node of queue) {
      for (let edge = first[node] as number; edge < (first[node + 1] as number); edge++) {
        if (this.#edgeTypes[this.#edges[edge * 3] as number] === 'weak') continue
        const to = (this.#edges[edge * 3 + 2] as number) / this.#width
        if (to === 0 || parents[to] !== -1) continue
        parents[to] = node
        queue.push(to)
      }
    }
    return parents
  }
}

/** Objects without their own class. They count for what keeps them alive. */
const NAMELESS = new Set([
  'Object',
  'Array',
  'Promise',
  'Buffer',
  'Uint8Array',
  'ArrayBuffer',
  'Map',
  'Set',
  'Generator',
])

function ownersOf(before: ReadonlySet<number>, graph: Graph): Held[] {
  const parents = graph.parents()
  const held = new Map<string, { bytes: number; objects: number }>()
  for (let node = 0; node < graph.count; node++) {
    if (before.has(graph.id(node)) || parents[node] === -1) continue
    let owner = node
    while (owner > 0 && graph.className(owner) === undefined) owner = parents[owner] as number
    const name = graph.className(owner) ?? 'other'
    const entry = held.get(name) ?? { bytes: 0, objects: 0 }
    entry.bytes += graph.size(node) / STREAMS
    entry.objects += 1 / STREAMS
    held.set(name, entry)
  }
  return [...held].map(([owner, sums]) => ({ owner, ...sums })).sort((a, b) => b.bytes - a.bytes)
}
