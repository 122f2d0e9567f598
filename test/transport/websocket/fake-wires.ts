import type { OpenWire, SocketEnd, Wire, WireEvents, WireRequest } from '../../../src/transport/websocket/wire.ts'

/** One WebSocket of a test: the test is the endpoint. */
export class FakeWire implements Wire {
  readonly request: WireRequest
  readonly sent: string[] = []
  readonly closeCodes: number[] = []
  pings = 0
  isConnected = false
  isSound = false
  isDestroyed = false
  keepsAlive = true
  isPaused = false
  flushed = true
  readonly #events: WireEvents
  #isOver = false

  constructor(request: WireRequest, events: WireEvents) {
    this.request = request
    this.#events = events
  }

  open(maxMessageBytes?: number): void {
    this.connect()
    this.isSound = true
    this.#events.onOpen(maxMessageBytes)
  }

  connect(): void {
    this.#events.onConnecting()
    this.isConnected = true
  }

  say(event: object): void {
    this.#events.onMessage(Buffer.from(JSON.stringify(event)))
  }

  pong(): void {
    this.#events.onSign()
  }

  end(end: SocketEnd): void {
    this.isSound = false
    if (this.#isOver) return
    this.#isOver = true
    this.#events.onEnd(end)
  }

  closed(code: number): void {
    this.end({ kind: 'closed', code })
  }

  send(text: Uint8Array): void {
    this.sent.push(Buffer.from(text).toString())
    this.#events.onAccepted()
  }

  ping(): void {
    this.pings++
  }

  close(code: number): void {
    this.closeCodes.push(code)
    this.isSound = false
  }

  destroy(): void {
    this.isSound = false
    if (this.isDestroyed) return
    this.isDestroyed = true
    this.#isOver = true
    queueMicrotask(() => this.#events.onClosed())
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  ref(): void {
    this.keepsAlive = true
  }

  unref(): void {
    this.keepsAlive = false
  }
}

/** All that were opened, in order. */
export class FakeWires {
  readonly all: FakeWire[] = []
  readonly open: OpenWire = (request, events) => {
    const wire = new FakeWire(request, events)
    this.all.push(wire)
    return wire
  }

  get last(): FakeWire {
    return this.all.at(-1) as FakeWire
  }
}
