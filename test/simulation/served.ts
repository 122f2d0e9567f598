import type { Stream } from './frames.ts'
import type { AttemptPlan } from './schedule.ts'

/** What an endpoint knows of one request: the truth that callers and telemetry are held against. */
export interface Served {
  readonly call: number
  /** From 0, over all requests of the call, those that never got a connection included. */
  readonly nth: number
  readonly method: string
  readonly path: string
  readonly begunAt: number
  readonly plan: AttemptPlan
  readonly endpoint: number
  readonly credential: string | undefined
  readonly cookie: string | undefined
  /** Its first byte was handed to a connection. */
  written: boolean
  /** The connection had carried a request before. */
  reused: boolean
  readonly onSocket: boolean
  /** Of a request that was sent on a WebSocket: how its server was. */
  session: SessionFacts | undefined
  /** Its body, where that is looked into. */
  message: Readonly<Record<string, unknown>> | undefined
  /** The client builds on this response, and the caller has not said so. */
  hiddenId: string | undefined
  body: string | undefined
  arrivedAt: number | undefined
  /** What it was answered with, if with a stream. */
  stream: Stream | undefined
  /** It was sent as a stream, and not whole. */
  streams: boolean
  /** Of `stream`: where it began to send, behind a resume. */
  from: number
  /** Frames that reached the client whole, `from` included. */
  delivered: number
  lastReadAt: number | undefined
  firstReadAt: number | undefined
  answered: AnswerFacts | undefined
  /** The client read the answer to its end. */
  complete: boolean
  /** The attempt has ended: what is read of it now, concerns nobody. */
  ended: boolean
}

/** What is known of a request when it begins. */
export type RequestFacts = Pick<Served, 'method' | 'path' | 'endpoint' | 'onSocket'>

export function newServed(
  begun: RequestFacts & Pick<Served, 'call' | 'nth' | 'plan' | 'begunAt' | 'credential' | 'cookie'>,
): Served {
  return {
    ...begun,
    written: false,
    reused: false,
    session: undefined,
    message: undefined,
    hiddenId: undefined,
    body: undefined,
    arrivedAt: undefined,
    stream: undefined,
    streams: false,
    from: 0,
    delivered: 0,
    lastReadAt: undefined,
    firstReadAt: undefined,
    answered: undefined,
    complete: false,
    ended: false,
  }
}

export interface SessionFacts {
  readonly socket: number
  /** It had a response under way. */
  readonly wasBusy: boolean
  /** The response that it kept in memory. */
  readonly latest: string | undefined
}

/** Whether the client has heard all that the endpoint had to say. */
export function wasHeard({ stream, streams, answered, from, delivered, complete }: Served): boolean {
  if (answered === undefined) return false
  if (!streams || stream === undefined) return complete
  return from + delivered > lastWord(stream)
}

/** The frame that says how it ended: an `error` event is one, unless it leaves that to the one behind it. */
function lastWord({ frames, end }: Stream): number {
  const vague = end.how === 'failed' && end.vague === true && end.told === 'before_failed'
  return vague ? frames.length - 1 : frames.findIndex((frame) => frame.class === 'terminal')
}

/** How many frames of its answer show the first progress; `undefined` if none does. */
export function framesToProgress({ stream, from }: Served): number | undefined {
  const at = stream?.frames.findIndex((frame, index) => index >= from && frame.class === 'progress') ?? -1
  return at < 0 ? undefined : at - from + 1
}

/** Who looks at every request as it comes. */
export interface RequestWatch {
  begins(served: Served): void
  writes(served: Served): void
  arrives(served: Served): void
  read(served: Served): void
}

/** What the endpoint said, and what that must mean. */
export interface AnswerFacts {
  readonly status: number
  /** `later`: turned away for now. */
  readonly means: 'ok' | 'later' | 'final' | 'not_found' | 'unauthorized'
  /** Says itself that nothing was done. */
  readonly refused: boolean
  readonly code: string | undefined
  readonly hintMs: number | undefined
}
