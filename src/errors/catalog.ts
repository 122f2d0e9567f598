/**
 * Every cause of failure, one row each. The error classes, the guards, the retry decisions and `docs/errors.md` are
 * made from this table. A new cause needs only a new row here.
 */

/** How a failure is retried: `connection` reconnects at once, `pushback` backs off. */
export type RetryLane = 'connection' | 'pushback'

/** The class of the error. `errors.ts` has one for each family. */
export type ErrorFamily = 'deadline' | 'connection' | 'protocol' | 'upstream' | 'request' | 'closed'

interface CatalogRow {
  readonly family: ErrorFamily
  /**
   * The lane of a retry, or `final`: never retried. `by_answer`: the status or the error code of the answer decides.
   */
  readonly lane: RetryLane | 'final' | 'by_answer'
  /**
   * The system code at the end of the `cause` chain, by which SDKs recognise a network failure. `undefined`: the
   * endpoint answered, so it is not a network failure.
   */
  readonly systemCode: string | undefined
  readonly meaning: string
}

export const ERROR_CATALOG = {
  // Deadlines: the name of the deadline is the code without `_timeout`.
  connect_timeout: row(
    'deadline',
    'connection',
    'ETIMEDOUT',
    'No connection within timeouts.connectMs (DNS, TCP and TLS together).',
  ),
  send_timeout: row(
    'deadline',
    'connection',
    'ETIMEDOUT',
    'The endpoint stopped reading the request for timeouts.sendMs.',
  ),
  ttfb_timeout: row(
    'deadline',
    'connection',
    'ETIMEDOUT',
    'No stream event within timeouts.ttfbMs after the request was written.',
  ),
  idle_timeout: row('deadline', 'connection', 'ETIMEDOUT', 'No byte of any kind for timeouts.idleMs.'),
  progress_timeout: row(
    'deadline',
    'connection',
    'ETIMEDOUT',
    'Events, but no model progress for timeouts.progressMs.',
  ),
  stale_timeout: row('deadline', 'connection', 'ETIMEDOUT', 'One attempt took longer than timeouts.staleMs.'),
  total_timeout: row('deadline', 'final', 'ETIMEDOUT', 'The whole call took longer than timeouts.totalMs.'),
  before_commit_timeout: row(
    'deadline',
    'final',
    'ETIMEDOUT',
    'No first event within beforeCommitMs, retries included (drop-in only).',
  ),
  queue_timeout: row(
    'deadline',
    'final',
    'ETIMEDOUT',
    'The call had to wait for a permit longer than concurrency.queueMs. Nothing was sent.',
  ),
  create_timeout: row('deadline', 'final', 'ETIMEDOUT', 'create() of a ClientCache did not settle within createMs.'),
  headers_timeout: row('deadline', 'final', 'ETIMEDOUT', 'The option headers() did not settle within 30 s.'),

  // Connections.
  connection_refused: row('connection', 'connection', 'ECONNREFUSED', 'Nothing listens at the address.'),
  connection_reset: row('connection', 'connection', 'ECONNRESET', 'The connection was reset.'),
  connection_closed: row(
    'connection',
    'connection',
    'UND_ERR_SOCKET',
    'The other side closed the connection before the answer was complete.',
  ),
  connection_failed: row('connection', 'connection', 'ECONNRESET', 'The connection failed for another reason.'),
  host_not_found: row('connection', 'connection', 'ENOTFOUND', 'The host name does not exist. Retried twice at most.'),
  dns_failed: row('connection', 'connection', 'EAI_AGAIN', 'The resolver did not answer.'),
  network_unreachable: row('connection', 'connection', 'ENETUNREACH', 'No route to the network or host.'),
  resources_exhausted: row(
    'connection',
    'pushback',
    'EMFILE',
    'This process or machine ran out of sockets, files or buffers.',
  ),
  certificate_rejected: row(
    'connection',
    'final',
    'CERT_HAS_EXPIRED',
    "The endpoint's certificate is not trusted, expired or of another host.",
  ),
  client_certificate_refused: row(
    'connection',
    'final',
    'EPROTO',
    'The endpoint requires a client certificate, or refuses the one from tls.cert and tls.key.',
  ),
  tls_refused: row(
    'connection',
    'final',
    'EPROTO',
    'The TLS handshake failed: the port does not use TLS, no common version or cipher, or an unknown host name.',
  ),
  ping_timeout: row(
    'connection',
    'connection',
    'ETIMEDOUT',
    'The endpoint did not answer a ping on a WebSocket within webSocket.pingMs.',
  ),
  socket_closed: row(
    'connection',
    'connection',
    'UND_ERR_SOCKET',
    'The endpoint closed the WebSocket before the response was complete.',
  ),
  upgrade_refused: row(
    'connection',
    'connection',
    'UND_ERR_SOCKET',
    'The endpoint answered the upgrade to a WebSocket with something else than 101. The call then uses HTTP.',
  ),
  proxy_refused: row(
    'connection',
    'final',
    'UND_ERR_SOCKET',
    'The proxy refused the tunnel (a 4xx answer to CONNECT, 407 included).',
  ),
  proxy_failed: row(
    'connection',
    'connection',
    'UND_ERR_SOCKET',
    'The proxy could not open the tunnel (a 5xx answer to CONNECT).',
  ),

  // Protocol and content.
  protocol_error: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The answer is not a valid HTTP/1.1 message.'),
  body_truncated: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The body ended before its announced length.'),
  decoding_failed: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The compressed body cannot be decompressed.'),
  headers_too_large: row(
    'protocol',
    'final',
    'UND_ERR_HEADERS_OVERFLOW',
    'The header block is larger than limits.headerBytes.',
  ),
  event_too_large: row(
    'protocol',
    'final',
    'UND_ERR_SOCKET',
    'One event is larger than limits.eventBytes. A retry would receive it again.',
  ),
  response_too_large: row(
    'protocol',
    'final',
    'UND_ERR_SOCKET',
    'The output of a response, rebuilt from its events, is larger than limits.eventBytes (typed faces only).',
  ),
  stream_incomplete: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The stream ended without a terminal event.'),
  empty_response: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'A streaming call got an answer without a body (204, or an empty 200).',
  ),
  malformed_event: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'The data of an event is not JSON. Blank data is skipped, and plain error text counts as an error event.',
  ),
  unexpected_content: row(
    'protocol',
    'pushback',
    'UND_ERR_SOCKET',
    'The answer is neither a stream nor a response, but a web page (captive portal, CDN) or other JSON. An answer in the format of another API (Chat Completions) is never retried.',
  ),
  wrong_response: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'The answer, or an event on a WebSocket, is of another response than the one requested. A proxy or the endpoint mixed them up, so it is not handed over.',
  ),
  response_unfinished: row(
    'protocol',
    'final',
    'UND_ERR_SOCKET',
    'The answer is a response that is still `queued` or `in_progress`, and it cannot be polled: it is not stored, or has no id (typed faces only).',
  ),
  invalid_event: row('protocol', 'final', 'UND_ERR_SOCKET', "An event has a wrong shape (validate: 'strict')."),
  sequence_gap: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'Events are missing from a stream that can be resumed.',
  ),

  // Failures that the endpoint reports.
  http_status: row('upstream', 'by_answer', undefined, 'The endpoint answered with an error status.'),
  response_failed: row('upstream', 'by_answer', undefined, 'The endpoint reported a failure inside the stream.'),
  previous_response_not_found: row(
    'upstream',
    'final',
    undefined,
    'The endpoint says that it does not know the previous response.',
  ),
  unsupported_by_endpoint: row(
    'upstream',
    'final',
    undefined,
    'The endpoint does not support a parameter of the request. The parameter is not removed for a retry.',
  ),
  redirect_refused: row(
    'request',
    'final',
    'UND_ERR_SOCKET',
    'A redirect was not followed, because it would have sent credentials or a body to another address.',
  ),

  // Failures on the caller's side.
  stream_consumed: row('request', 'final', 'UND_ERR_INVALID_ARG', 'A stream was iterated twice.'),
  stream_abandoned: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'The consumer stopped reading the stream before its end.',
  ),
  request_body_failed: row('request', 'final', 'UND_ERR_SOCKET', "The caller's request body failed while it was read."),
  fetch_threw: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'The wrapped `fetch` threw an error that is not a network failure. The call throws that error unchanged.',
  ),
  headers_failed: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'The option headers() threw, or did not return headers.',
  ),
  hook_failed: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'onPreviousResponseNotFound or endpointOf threw, did not settle within 30 s, or returned a value that is not accepted.',
  ),
  part_not_loaded: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'A part of this package could not be loaded: a dependency is missing, or a bundle broke it. Nothing was sent.',
  ),
  state_not_portable: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'The call continues a response, and it is not known which endpoint is its owner.',
  ),
  invalid_configuration: row('request', 'final', 'UND_ERR_INVALID_ARG', 'An option or argument is not accepted.'),
  client_closed: row('closed', 'final', 'UND_ERR_CLOSED', 'The client was closed or destroyed.'),
  not_scripted: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'A test transport got more attempts than its script has.',
  ),
} as const satisfies Record<string, CatalogRow>

function row<F extends ErrorFamily, L extends CatalogRow['lane']>(
  family: F,
  lane: L,
  systemCode: string | undefined,
  meaning: string,
) {
  return { family, lane, systemCode, meaning } as const
}

/** One code for each cause. */
export type ErrorCode = keyof typeof ERROR_CATALOG

/** The deadlines, by the words of telemetry and `explain`. */
export type DeadlineName =
  | 'connect'
  | 'send'
  | 'ttfb'
  | 'idle'
  | 'progress'
  | 'stale'
  | 'total'
  | 'before_commit'
  | 'queue'
