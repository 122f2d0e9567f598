/** Measurements other than per event. Each variant of a probe runs in a new process and returns one number. */
export const PROBES = {
  /** The cost of a waiting stream: heap and RSS in KB; CPU to open it in microseconds. */
  waiting: ['typed', 'drop_in', 'dispatch', 'undici_fetch', 'typed_socket', 'ws'],
  /** The cost of a waiting typed stream, by the number of streams. */
  crowd: ['100', '1000', '5000', '10000', '5000_by_hand'],
  /** CPU of a TLS 1.3 connect to a known origin, and of a short call on a new connection. Microseconds. */
  tls_connect: ['connect', 'connect_default', 'call', 'call_client_each'],
  /** CPU of a short call on kept, new, or prepared connections. Microseconds. */
  connections: ['leased', 'fresh', 'fresh_warm', 'tls_leased', 'tls_fresh', 'tls_fresh_warm'],
  /** From the reset of a connection to the next request on the wire, jitter set to zero. Milliseconds. */
  retry_latency: ['ours'],
  /** How many of 3 000 POSTs fail at a server that closes idle connections at the worst moment, without retries. */
  idle_close: ['ours', 'undici_fetch', 'undici_agent'],
  /** Median latency of calls to one origin, alone and during 1 000 calls to another origin. Milliseconds. */
  neighbour: ['alone', 'beside_1000'],
  /** Timers of 5 000 silent streams over 60 s of virtual time, per attempt. */
  timers: ['armed', 'fired'],
  /** CPU of the comparison of a request with the last turn of a WebSocket, at 5 MB of history. Milliseconds. */
  fit: ['ours'],
  /**
   * 20 turns with tool calls over a link with a round trip of 50 ms. The network alone: bytes that the client sent, and
   * milliseconds of the calls. `delay`: the link has no window.
   */
  turns: ['http', 'socket', 'http_delay', 'socket_delay'],
  /** After the first call of a client: its heap in KB, and the files of `ws` that it loaded. */
  web_socket_unused: ['without', 'with'],
  /** CPU of a short call and of an event of a long stream, by what watches the calls. Microseconds. */
  telemetry: [
    'call_off',
    'call_recorder',
    'call_hand',
    'call_traced',
    'call_on',
    'event_off',
    'event_recorder',
    'event_on',
  ],
  /** From creating the client to the first event of its first call, with all modules imported. Milliseconds. */
  first_call: ['typed', 'drop_in', 'dispatch', 'undici_fetch', 'global_fetch', 'openai'],
  /** Time to import the built package, or its dependencies. Milliseconds. */
  import_time: ['package', 'dependencies'],
} as const

export type ProbeName = keyof typeof PROBES

export interface ProbeContext {
  readonly plain: string
  /** A second server, in another process. */
  readonly other: string
  readonly tls: string
  /** Of the first server: answers come as messages on WebSockets. */
  readonly sockets: string
  /** PEM certificate of the server at `tls`. */
  readonly ca: string
  /** A folder from which the built package can be imported by its name. */
  readonly built: string
  /** The most streams that a process may have open. */
  readonly mostStreams: number
  readonly quick: boolean
}

/** Returns one number, or several by name. */
export type Probe = (variant: string, context: ProbeContext) => Promise<number | Readonly<Record<string, number>>>
