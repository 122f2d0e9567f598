import type { ServerResponse } from 'node:http'
import type { Clock, TimerHandle } from '../../core/clock.ts'

/** How often pages are told what is new. Milliseconds. */
const EVERY_MS = 1000

/** So many pages may be open at once. */
const MOST_PAGES = 16

/** The head of the answer that keeps a page up to date. */
export const EVENTS_HEAD = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } as const

/** Keeps open pages up to date by server-sent events. Does nothing while none is open. */
export class LiveFeed {
  readonly #clock: Clock
  readonly #snapshot: () => object
  readonly #pages = new Set<ServerResponse>()
  #timer: TimerHandle | undefined
  #last = ''

  /** @param snapshot what a page shows, as JSON. */
  constructor(clock: Clock, snapshot: () => object) {
    this.#clock = clock
    this.#snapshot = snapshot
  }

  get isFull(): boolean {
    return this.#pages.size >= MOST_PAGES
  }

  /** What pages show now. */
  get snapshot(): object {
    return this.#snapshot()
  }

  /** The answer stays open until the page is closed. */
  add(response: ServerResponse): void {
    response.writeHead(200, EVENTS_HEAD)
    this.#pages.add(response)
    response.once('close', () => {
      this.#pages.delete(response)
      if (this.#pages.size === 0) this.#stop()
    })
    this.#last = JSON.stringify(this.#snapshot())
    response.write(frame(this.#last))
    if (this.#timer === undefined) this.#arm()
  }

  /** The pages reconnect by themselves, to this sidecar or to the one that takes its place. */
  close(): void {
    for (const page of this.#pages) page.end()
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(() => this.#tell(), EVERY_MS, { unref: true })
  }

  #stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #tell(): void {
    this.#arm()
    const now = JSON.stringify(this.#snapshot())
    if (now === this.#last) return
    this.#last = now
    // A page that does not read misses what was in between, and not what is.
    for (const page of this.#pages) if (!page.writableNeedDrain) page.write(frame(now))
  }
}

function frame(json: string): string {
  return `data: ${json}\n\n`
}
