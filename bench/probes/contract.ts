/** What is not measured per event: each variant of a probe runs in a new process, and brings one number. */
export const PROBES = {
  /** What a stream that waits costs: heap and RSS, KB; CPU to open it, microseconds. */
  waiting: ['typed', 'drop_in', 'dispatch', 'undici_fetch'],
  /** The same for typed streams alone, by how many there are. */
  crowd: ['100', '1000', '5000', '10000', '5000_by_hand'],
  /** CPU per connect over TLS 1.3 to an origin seen before, alone, and of a short call on a new one each. Microseconds. */
  tls_connect: ['connect', 'connect_default', 'call', 'call_client_each'],
  /** CPU per short call on connections that are kept, new, or opened ahead. Microseconds. */
  connections: ['leased', 'fresh', 'fresh_warm', 'tls_leased', 'tls_fresh', 'tls_fresh_warm'],
  /** From the reset of a connection to the next request on the wire, jitter set to zero. Milliseconds. */
  retry_latency: ['ours'],
  /** Of 3 000 POSTs to a server that closes idle connections at the worst moment: how many fail, retries switched off. */
  idle_close: ['ours', 'undici_fetch', 'undici_agent'],
  /** Median latency of calls to one origin, alone and while 1 000 calls to another are under way. Milliseconds. */
  neighbour: ['alone', 'beside_1000'],
  /** Of 5 000 silent streams over 60 s of virtual time, per attempt. */
  timers: ['armed', 'fired'],
  /** From making the client to the first event of its first call, all modules imported. Milliseconds. */
  first_call: ['typed', 'drop_in', 'dispatch', 'undici_fetch', 'global_fetch', 'openai'],
  /** Time to import the package as it is built, or what it stands on. Milliseconds. */
  import_time: ['package', 'dependencies'],
} as const

export type ProbeName = keyof typeof PROBES

export interface ProbeContext {
  readonly plain: string
  /** A server in a process of its own, too. */
  readonly other: string
  readonly tls: string
  /** PEM: what the server on `tls` is certified by. */
  readonly ca: string
  /** A folder from which the built package can be imported by its name. */
  readonly built: string
  /** As many streams as a process may have open at once: each takes a file. */
  readonly mostStreams: number
  readonly quick: boolean
}

/** One number, or several by their names. */
export type Probe = (variant: string, context: ProbeContext) => Promise<number | Readonly<Record<string, number>>>
