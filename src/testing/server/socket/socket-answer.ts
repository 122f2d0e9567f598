import type { JsonObject } from '../../streams.ts'
import { type Answer, type OnSocket, withResponseId } from '../answer.ts'
import type { RequestRecord } from '../records.ts'
import { defaultErrorBody } from '../upstream-errors.ts'
import type { FrameEffect } from './effects.ts'
import { frameAs, pingsIn, textFrame } from './frames.ts'
import type { Lane } from './lanes.ts'
import type { MessageWriter } from './message-writer.ts'

/** The answer to a message on a WebSocket: one text frame per event. */
export class SocketAnswer implements Answer, OnSocket {
  readonly onSocket: OnSocket = this
  readonly #writer: MessageWriter
  readonly #request: RequestRecord
  readonly #lane: Lane
  readonly #streamId: unknown
  readonly #notifyHeaders: () => void
  #responseId: string | undefined
  #form: FrameEffect | undefined
  #formIsForAll = false
  /** Counts of frames that were made but not written yet. */
  #made = { messages: 0, bytes: 0, pings: 0 }

  /** @param streamId the `stream_id` of the message, unchecked. */
  constructor(writer: MessageWriter, request: RequestRecord, lane: Lane, streamId: unknown, notifyHeaders: () => void) {
    this.#writer = writer
    this.#request = request
    this.#lane = lane
    this.#streamId = streamId
    this.#notifyHeaders = notifyHeaders
  }

  startStream(): void {
    this.#start(200)
  }

  startJson(status: number, body: unknown): Buffer {
    this.#start(status)
    return this.#make(this.#errorMessage(status, {}, body))
  }

  frame(event: JsonObject): Buffer {
    return this.#make(withResponseId(event, this.#responseId))
  }

  async write(bytes: Uint8Array, isWhole = true): Promise<boolean> {
    const isTaken = await this.#writer.write(bytes, isWhole)
    if (isTaken && isWhole) {
      this.#writer.count(this.#made)
      this.#made = { messages: 0, bytes: 0, pings: 0 }
    }
    return isTaken
  }

  async finish(): Promise<boolean> {
    return this.#writer.isOpen
  }

  async sendStatus(status: number, headers: Readonly<Record<string, string>>, body: unknown): Promise<void> {
    this.#start(status)
    const given = body ?? (status >= 400 ? defaultErrorBody(status) : {})
    await this.write(this.#make(this.#errorMessage(status, headers, given)))
  }

  async sendEvents(events: readonly JsonObject[], raw?: string): Promise<void> {
    await this.#writer.sendEvents(
      events.map((event) => this.#named(event)),
      raw,
    )
  }

  async endEarly(): Promise<void> {
    this.#writer.end()
  }

  renameResponse(id: string): void {
    this.#responseId = id
  }

  frameAs(form: FrameEffect, all: boolean): void {
    this.#form = form
    this.#formIsForAll = all
  }

  earlierEvents(): readonly JsonObject[] {
    return this.#lane.events
  }

  #start(status: number): void {
    // Forgets the refused response before the client can ask for it again.
    if (status >= 400) this.#lane.refused((this.#request.json as JsonObject | null | undefined)?.previous_response_id)
    this.#request.status = status
    this.#notifyHeaders()
  }

  /** The `error` message that stands for an HTTP answer. */
  #errorMessage(status: number, headers: Readonly<Record<string, string>>, body: unknown): JsonObject {
    const { error } = typeof body === 'object' && body !== null ? (body as JsonObject) : {}
    const told = error ?? { type: 'server_error', code: null, message: String(body), param: null }
    const withHeaders = Object.keys(headers).length > 0 ? { ...(told as JsonObject), headers } : told
    return { type: 'error', status, error: withHeaders }
  }

  #named(event: JsonObject): JsonObject {
    return this.#streamId === undefined ? event : { ...event, stream_id: this.#streamId }
  }

  /** Makes the bytes of one message, and remembers their counts until they are written. */
  #make(event: JsonObject): Buffer {
    const json = JSON.stringify(this.#named(event))
    const form = this.#form
    if (!this.#formIsForAll) this.#form = undefined
    this.#made.messages++
    this.#made.bytes += Buffer.byteLength(json)
    if (form === undefined) return textFrame(json)
    this.#made.pings += pingsIn(form)
    return frameAs(json, form)
  }
}
