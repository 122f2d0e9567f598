/** The effects of faults that exist only on a WebSocket. Requests over HTTP skip these faults. */

/** An effect on the whole WebSocket. */
export type StreamEffect =
  | {
      /** Sends a close frame. Requests under way get nothing more. */
      readonly effect: 'close'
      /** A code that RFC 6455 7.4 allows in a frame: 1000 to 1003, 1007 to 1014, 3000 to 4999. */
      readonly code: number
      /** At most 123 bytes. Default: none. */
      readonly reason?: string | undefined
    }
  | {
      /** Ends the WebSocket now, as its 60-minute limit does. */
      readonly effect: 'connection_limit'
      /**
       * `'error'`: an `error` message with `websocket_connection_limit_reached`, then a close frame. `'close'`: a close frame with
       * that code as its reason. The close frame has the code 1001.
       */
      readonly as: 'error' | 'close'
    }
  /** Answers no further ping of the client. Everything else continues. */
  | { readonly effect: 'no_pongs' }

/** How an event is framed. Applies to the next event; at `headers`, to all events of the answer. */
export interface FrameEffect {
  readonly effect: 'frame'
  /**
   * - `'fragmented'`: fragments of one byte;
   * - `'pings'`: three fragments, with a ping between them;
   * - `'binary'`: a binary frame;
   * - `'compressed'`: compressed, although no extension was negotiated;
   * - `'giant'`: padded with blanks to `bytes`;
   * - `'invalid_utf8'`: with an additional field whose text is not UTF-8.
   */
  readonly as: 'fragmented' | 'pings' | 'binary' | 'compressed' | 'giant' | 'invalid_utf8'
  /** Size of a giant frame, in bytes. Default: 20 MiB. */
  readonly bytes?: number | undefined
}

export type FrameForm = FrameEffect['as']

/** Events that belong to another response. */
export type AnswerEffect =
  /** All further events of the answer carry this response id. Over HTTP, too. */
  | { readonly effect: 'other_response'; readonly id?: string | undefined }
  | {
      /** Sends events of the previous response on the same WebSocket (and of the same `stream_id`) again. */
      readonly effect: 'earlier_events'
      /** Index of the first event. Negative: counted from the end. Default: -1, only the terminal event. */
      readonly from?: number | undefined
      /** Index after the last event. Default: all events to the end. */
      readonly to?: number | undefined
    }

/** Effects that a request over HTTP skips. */
export const ONLY_ON_SOCKETS: ReadonlySet<string> = new Set([
  'close',
  'connection_limit',
  'no_pongs',
  'frame',
  'earlier_events',
] satisfies ReadonlyArray<(StreamEffect | FrameEffect | AnswerEffect)['effect']>)
