/** The effects of faults that only a WebSocket knows. A request over HTTP never meets them. */

/** What becomes of the WebSocket as a whole. */
export type StreamEffect =
  | {
      /** A close frame. Requests under way get nothing more. */
      readonly effect: 'close'
      /** As RFC 6455 7.4 has it, of those that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999. */
      readonly code: number
      /** At most 123 bytes. Default: none. */
      readonly reason?: string | undefined
    }
  | {
      /** The end of the 60 minutes, now. */
      readonly effect: 'connection_limit'
      /**
       * `'error'`: an `error` message with `websocket_connection_limit_reached`, then a close frame; `'close'`: a close frame with
       * those words. The code is 1001.
       */
      readonly as: 'error' | 'close'
    }
  /** From here on pings of the client stay unanswered; everything else goes on. */
  | { readonly effect: 'no_pongs' }

/** How an event is framed: the next one, or all of the answer where the fault strikes at `headers`. */
export interface FrameEffect {
  readonly effect: 'frame'
  /**
   * - `'fragmented'`: fragments of one byte;
   * - `'pings'`: three fragments, with a ping between them;
   * - `'binary'`: a binary frame;
   * - `'compressed'`: compressed, though no extension was agreed on;
   * - `'giant'`: padded with blanks to `bytes`;
   * - `'invalid_utf8'`: with a further field whose text is no UTF-8.
   */
  readonly as: 'fragmented' | 'pings' | 'binary' | 'compressed' | 'giant' | 'invalid_utf8'
  /** Of a giant frame. Default: 20 MiB. */
  readonly bytes?: number | undefined
}

export type FrameForm = FrameEffect['as']

/** Events that belong to another response. */
export type AnswerEffect =
  /** From here on the answer's events carry this response id. Over HTTP too. */
  | { readonly effect: 'other_response'; readonly id?: string | undefined }
  | {
      /** Events of the response before this one, on the same WebSocket (and of the same `stream_id`), once more. */
      readonly effect: 'earlier_events'
      /** Index of the first event; negative: counted from the end. Default: -1, the terminal event alone. */
      readonly from?: number | undefined
      /** Index behind the last event. Default: the end. */
      readonly to?: number | undefined
    }

/** Those that a request over HTTP never meets. */
export const ONLY_ON_SOCKETS: ReadonlySet<string> = new Set([
  'close',
  'connection_limit',
  'no_pongs',
  'frame',
  'earlier_events',
] satisfies ReadonlyArray<(StreamEffect | FrameEffect | AnswerEffect)['effect']>)
