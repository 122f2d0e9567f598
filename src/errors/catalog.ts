/**
 * Every cause of failure, one row each: this table is what the error classes, the guards, the retry decisions and
 * `docs/errors.md` are made from. A new cause is a new row; the compiler then asks for nothing else.
 */

/** How a failure is retried: `connection` reconnects at once, `pushback` backs off, `final` is never retried. */
export type RetryLane = 'connection' | 'pushback'

/** Which class the error is of: `errors.ts` has one for each. */
export type ErrorFamily = 'deadline' | 'connection' | 'protocol' | 'upstream' | 'request' | 'closed'

interface CatalogRow {
  readonly family: ErrorFamily
  /** The lane of a retry, or `final`. `by_answer`: the status or the error code of the endpoint's answer decides. */
  readonly lane: RetryLane | 'final' | 'by_answer'
  /**
   * What stands at the end of the `cause` chain, so that hosts which look for system codes recognise a failure of the network.
   * `undefined`: the endpoint answered, and its word is no failure of the network.
   */
  readonly systemCode: string | undefined
  readonly meaning: string
}

export const ERROR_CATALOG = {
  // Deadlines (5.1): the name of the deadline is the code without `_timeout`.
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
  idle_timeout: row('deadline', 'connection', 'ETIMEDOUT', 'No byte at all for timeouts.idleMs.'),
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
    'The turn of the call did not come within concurrency.queueMs. Nothing was sent.',
  ),
  create_timeout: row(
    'deadline',
    'final',
    'ETIMEDOUT',
    'The create() function of a ClientCache did not settle within createMs.',
  ),
  headers_timeout: row(
    'deadline',
    'final',
    'ETIMEDOUT',
    'The headers() function of the options did not settle within 30 s.',
  ),

  // Connections.
  connection_refused: row('connection', 'connection', 'ECONNREFUSED', 'Nothing listens at the address.'),
  connection_reset: row('connection', 'connection', 'ECONNRESET', 'The connection was reset.'),
  connection_closed: row(
    'connection',
    'connection',
    'UND_ERR_SOCKET',
    'The other side closed the connection before the answer was complete.',
  ),
  connection_failed: row(
    'connection',
    'connection',
    'ECONNRESET',
    'The connection failed for a reason not told apart further.',
  ),
  host_not_found: row(
    'connection',
    'connection',
    'ENOTFOUND',
    'The host name does not exist. Asked twice more at most.',
  ),
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
    'The endpoint requires a client certificate, or does not accept the one that it was given (tls.cert, tls.key).',
  ),
  tls_refused: row(
    'connection',
    'final',
    'EPROTO',
    'No TLS with the endpoint: the port does not speak it, no version or cipher in common, or an unknown host name.',
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
  protocol_error: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The answer is no valid HTTP/1.1 message.'),
  body_truncated: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The body ended before its announced length.'),
  decoding_failed: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The compressed body is broken.'),
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
    'One event is larger than limits.eventBytes. It would come again.',
  ),
  response_too_large: row(
    'protocol',
    'final',
    'UND_ERR_SOCKET',
    'The output that the events of a response make up is larger than limits.eventBytes (typed faces only).',
  ),
  stream_incomplete: row('protocol', 'connection', 'UND_ERR_SOCKET', 'The stream ended without a terminal event.'),
  empty_response: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'A streaming call was answered with nothing (204, or 200 without a body).',
  ),
  malformed_event: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'The data of an event is no JSON. Blank data is skipped, and the text of an error is read as one.',
  ),
  unexpected_content: row(
    'protocol',
    'pushback',
    'UND_ERR_SOCKET',
    'The answer is a page (captive portal, CDN), or JSON that is no response, instead of a stream or a response. One in the format of another API (Chat Completions) is never retried.',
  ),
  wrong_response: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'The answer is of another response than the one that was asked for by its id: what a proxy or an endpoint mixed up is never handed over (typed faces only).',
  ),
  response_unfinished: row(
    'protocol',
    'final',
    'UND_ERR_SOCKET',
    'The endpoint answered with a response that is still `queued` or `in_progress`, and the response cannot be polled: it is not stored, or has no id (typed faces only).',
  ),
  invalid_event: row('protocol', 'final', 'UND_ERR_SOCKET', "An event is not what it should be (validate: 'strict')."),
  sequence_gap: row(
    'protocol',
    'connection',
    'UND_ERR_SOCKET',
    'Events are missing from a stream that can be resumed.',
  ),

  // The endpoint's word.
  http_status: row('upstream', 'by_answer', undefined, 'The endpoint answered with an error status.'),
  response_failed: row('upstream', 'by_answer', undefined, 'The endpoint reported a failure inside the stream.'),
  previous_response_not_found: row(
    'upstream',
    'final',
    undefined,
    'The endpoint does not know the previous response, by its own word.',
  ),
  unsupported_by_endpoint: row(
    'upstream',
    'final',
    undefined,
    'The endpoint does not know a parameter of the request. Nothing is stripped for it.',
  ),
  redirect_refused: row(
    'request',
    'final',
    'UND_ERR_SOCKET',
    'A redirect would have carried credentials or a body where they must not go.',
  ),

  // The caller's side.
  stream_consumed: row('request', 'final', 'UND_ERR_INVALID_ARG', 'A stream was iterated twice.'),
  stream_abandoned: row('request', 'final', 'UND_ERR_INVALID_ARG', 'The consumer left the stream before its end.'),
  request_body_failed: row('request', 'final', 'UND_ERR_SOCKET', "The caller's request body failed while it was read."),
  fetch_threw: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'The wrapped `fetch` threw something that is no failure of the network. What it threw comes out itself.',
  ),
  headers_failed: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'The headers() function of the options threw or gave no headers.',
  ),
  hook_failed: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'onPreviousResponseNotFound or endpointOf threw, did not settle within 30 s, or gave something else than what is accepted.',
  ),
  state_not_portable: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'The call continues a response, and none of the endpoints is known to have it.',
  ),
  invalid_configuration: row('request', 'final', 'UND_ERR_INVALID_ARG', 'An option or argument is not accepted.'),
  client_closed: row('closed', 'final', 'UND_ERR_CLOSED', 'The client was closed or destroyed.'),
  not_scripted: row(
    'request',
    'final',
    'UND_ERR_INVALID_ARG',
    'A test transport was asked for more attempts than its script holds.',
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

/** One code per cause. */
export type ErrorCode = keyof typeof ERROR_CATALOG

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
