/** A fault that the library must survive. One row is one test at least, named after its number. */
export interface FaultRow {
  readonly title: string
  /** What the caller gets. `retried`: a new attempt with the same bytes on another client; nothing of the failed one is seen. */
  readonly expectation: string
}

const row = (title: string, expectation: string): FaultRow => ({ title, expectation })

/**
 * The faults, by number. Unless a row says otherwise the call streams a response with four retries. After every scenario
 * nothing is left: no timer, no listener on the caller's signal, no socket, no lease; one outcome; every planned fault struck.
 */
export const FAULTS: Readonly<Record<string, FaultRow>> = {
  // Before and while connecting.
  1: row('no such host', 'asked twice more, then an error that names the host'),
  2: row('the resolver times out once', 'retried'),
  3: row(
    'refused for a while, or the network is gone',
    'retried with a growing back-off that outlasts 5 s; for good: bounded, typed',
  ),
  4: row('a connect black hole', 'cut at connectMs'),
  5: row('the TLS handshake stalls', 'cut at connectMs'),
  6: row('a certificate that is not to be trusted', 'final: no retry, no downgrade'),
  7: row('a proxy refuses, fails or stalls on CONNECT', 'typed; the stall is timed'),
  8: row('out of files', 'backs off; no tight loop'),

  // A connection dies before the first event.
  9: row('accepted, nothing ever sent', 'cut at ttfbMs, retried; the socket is destroyed'),
  10: row('headers, then nothing', 'the same, counted from when the request was written'),
  11: row('comments, and never an event', 'the same: comments are no first byte'),
  12: row(
    'dead on every attempt',
    'bounded; cutoffs grow to twice the first; one error with all attempts; the drop-in never later than beforeCommitMs',
  ),
  13: row('reset just after the request was written', 'retried'),
  14: row('a pooled socket that the peer has closed', 'reconnected at once and for free'),
  15: row('a server that never reads the body', 'cut at sendMs; a slow upload is not'),
  16: row('the first event at the very cutoff', 'exactly one outcome'),
  17: row('no cutoff before the first event', 'never cut by it; the stale deadline holds'),
  18: row('a stream of reasoning or tool calls alone', 'has its first byte'),
  19: row('slower than the fixed cutoff, within the automatic one', 'not cut'),

  // In the prelude.
  20: row('created, in_progress, then EOF', 'retried'),
  21: row('created, keepalive, then slow_down', 'withheld, backed off, retried'),
  22: row('overloaded is the first event', 'withheld, backed off, retried'),
  23: row('a rate limit that says how long', 'waited for, then retried'),
  24: row('heartbeats for ever, never output', 'cut at progressMs; the drop-in has been given its headers by then'),
  25: row('a failure whose error has no shape', 'a generic failure, no crash'),
  26: row('a code that is final', 'final at once, code kept'),
  27: row('a prelude larger than its bound', 'handed over, not dropped'),

  // After the commit.
  '27b': row('error and response.failed, or error alone', 'both kept, the richer decides; alone: settled within 1 s'),
  28: row('EOF before the terminal event', 'an interruption, never a success'),
  29: row(
    'reset in the middle of an event, or of a body without a length',
    'no half event; the bytes that came, then a failure',
  ),
  30: row('silence, heartbeats alone, the wall clock', 'each deadline names itself'),
  31: row('completed, and the socket is kept open', 'done at once'),
  32: row('failed, and the socket is kept open', 'failed at once, with its own code'),
  33: row('an error behind the terminal event', 'ignored'),
  34: row('incomplete', 'a result with a reason'),
  35: row('a kept stream drops at every event', 'resumed: each event once, in order'),
  36: row('a resume is refused', 'polled; nothing invented'),
  37: row(
    'events twice, missing, or numbered anew',
    'all handed on and told; behind a resume duplicates are dropped and gaps resumed',
  ),
  38: row('create() is interrupted at every event', 'one correct result'),
  39: row('restart', 'a marker, then a whole second stream'),

  // Protocol.
  40: row('a body whose framing lies', 'connection destroyed; retried, or an interruption'),
  41: row('an answer that can be read in two ways', 'rejected, destroyed'),
  42: row('bytes of another answer', 'never reach another call'),
  43: row('interim answers', 'ignored, bounded'),
  44: row('a header block above the limit', 'typed, final'),
  45: row('200 with something else than a stream', 'classified; an excerpt without secrets'),
  46: row('an empty answer', 'retried where a stream was asked for, else passed on'),
  47: row('an encoded body', 'decoded; a bomb is bounded'),
  48: row('one line without end', 'stopped at the bound'),
  49: row('a stream cut anywhere', 'the same events'),
  50: row('bytes that are no UTF-8, data that is no JSON', 'U+FFFD; retried, or an interruption'),
  51: row('unknown events and fields', 'passed through'),

  // The server says no.
  52: row('429 with a hint', 'honoured where it makes sense'),
  53: row('x-should-retry', 'obeyed'),
  54: row('401, then a new token', 'one refresh for all; twice is final'),
  55: row('a storm of 503', 'the budget empties, calls fail fast, recovery is seen'),
  56: row('a redirect elsewhere', 'refused; no credential leaves'),

  // Continuity.
  57: row('a fault under a continuation', 'the same bytes again; what may double a turn is not repeated'),
  58: row('a genuine not-found, in every shape', 'one classifier; the hook once; then it surfaces'),
  59: row('not-found behind a transport failure', 'asked once more, then it surfaces'),
  60: row('a session is lost in every one of 17 turns', 'no turn sends more than its own input'),

  // Callers.
  61: row('abort, wherever the call is', "settles with the caller's reason; nothing is sent afterwards"),
  62: row('a consumer stops reading', 'memory flat, no false timeout, goes on'),
  63: row('a consumer leaves', 'the socket is freed, nothing is kept alive'),
  64: row('a body that can be read once', 'sent once'),
  65: row('frozen options, used again and again', 'never written to'),
  66: row('a timeout beside 50 streams', 'the 50 finish'),
  67: row('200 streams in the prelude when the server restarts', 'one eviction, one new client, all recover'),
  68: row('close() and destroy() while streaming', 'drains; ends all with ClientClosedError'),
  69: row('a listener, headers() or a hook throws or never settles', 'isolated, or typed and bounded'),
  70: row('the event loop is blocked, the clock jumps, the machine sleeps', 'no false timeouts'),

  // Several at once.
  71: row('any two of them, on seeds', 'every invariant holds'),
  72: row('a hedge: ties, losers that fail, winners that die, aborts', 'one outcome'),
  73: row('one origin is a black hole', 'another does not notice'),
}

/** Where a row, or a part of it, is proved outside this folder: a file, and words of the title of a test in it. */
export const PROVED_ELSEWHERE: ReadonlyArray<readonly [row: string, file: string, title: string]> = [
  ['3', 'test/client/before-first-event.test.ts', 'is ridden out by the growing back-off'],
  ['10', 'test/client/before-first-event.test.ts', 'counted from when the request was written'],
  ['15', 'test/transport/undici/sending.test.ts', 'a server that reads slowly'],
  ['16', 'test/client/before-first-event.test.ts', 'a first event %i ms after the request'],
  ['47', 'test/security/floods.test.ts', 'a bomb is bounded'],
  ['48', 'test/security/floods.test.ts', 'a flood is bounded'],
  ['49', 'test/sse/tap-cuts.test.ts', 'gives the same events for every cut'],
  ['49', 'test/responses/cuts.test.ts', 'however the bytes are cut'],
  ['37', 'test/responses/stream.test.ts', 'works without sequence numbers'],
  ['65', 'test/incidents/mutated-options.test.ts', 'are never written to, however deep'],
  ['70', 'test/client/before-first-event.test.ts', 'an event loop blocked for 10 s'],
  ['70', 'test/watchdog/watchdog-lost-time.test.ts', 'kills nothing whose bytes are waiting'],
  ['71', 'test/simulation/simulation.test.ts', 'hold every invariant'],
  ['72', 'test/client/hedge.test.ts', 'both legs answer in the same tick: one outcome, from one attempt'],
  ['72', 'test/client/hedge.test.ts', 'a 4xx on the hedge does not fail the original that lives'],
  ['72', 'test/client/hedge.test.ts', 'the winner that breaks after its commit is an interruption'],
  ['72', 'test/client/hedge.test.ts', 'an abort ends all legs at once'],
]
