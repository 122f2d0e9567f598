import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { DEFAULT_WEB_SOCKET, type MockWebSocketOptions } from './options.ts'

/** A WebSocket whose 101 is not sent yet. */
export interface Upgraded {
  readonly ws: WebSocket
  /** The bytes of the 101. */
  readonly head: Buffer
}

/** Turns upgrades into WebSockets of the library `ws`, which is loaded with the first upgrade. */
export class Upgrader {
  readonly #options: MockWebSocketOptions
  #server: Promise<WebSocketServer> | undefined

  constructor(options: MockWebSocketOptions) {
    this.#options = options
  }

  /** @returns `undefined` for an invalid upgrade, which was answered with an error status. */
  async upgrade(message: IncomingMessage, wire: Duplex): Promise<Upgraded | undefined> {
    this.#server ??= this.#load()
    const server = await this.#server
    let upgraded: WebSocket | undefined
    let head = ''
    // `ws` sends the head by one write within `handleUpgrade`. It is kept back, so that faults can strike before and within it.
    wire.write = (chunk: unknown) => {
      head += String(chunk)
      return true
    }
    try {
      server.handleUpgrade(message, wire, Buffer.alloc(0), (ws) => {
        upgraded = ws
      })
    } finally {
      Reflect.deleteProperty(wire, 'write')
    }
    if (upgraded === undefined) return undefined
    const more = Object.entries(this.#options.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
    return { ws: upgraded, head: Buffer.from(`${head.slice(0, -2)}${more.join('')}\r\n`) }
  }

  async #load(): Promise<WebSocketServer> {
    const { WebSocketServer: Library } = await import('ws')
    const { maxMessageBytes = DEFAULT_WEB_SOCKET.maxMessageBytes } = this.#options
    return new Library({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: maxMessageBytes,
      // Codex names no subprotocol. An upgrade that names one is accepted without it.
      handleProtocols: () => false,
    })
  }
}
