/** What is done in another way than the built-in `fetch` does it, on purpose. */
export interface Difference {
  readonly what: string
  readonly why: string
  /** Every case that shows it; the first is the one that the page shows. */
  readonly cases: readonly string[]
  /** The versions of Node whose built-in `fetch` is different. Default: all. */
  readonly on?: readonly number[]
}

export const DIFFERENCES: readonly Difference[] = [
  {
    what: 'the headers it adds',
    why: 'the others describe pages in browsers; event streams are requested with `accept-encoding: identity`',
    cases: ['headers of its own', 'headers, sec-fetch-mode: mine'],
  },
  {
    what: 'headers that frame a message, given by the caller',
    why: 'not sent, because the client frames the message. A `content-length` beside a stream is used as its length',
    cases: [
      'headers, content-length: 5',
      'headers, content-length: x',
      'headers, transfer-encoding: chunked',
      'headers, keep-alive: timeout=5',
      'headers, upgrade: websocket',
      'headers, expect: 100-continue',
    ],
  },
  {
    what: 'an answer to a Responses call has one header more, `x-resilient-responses`',
    why: 'it leads from the answer, or from the error that an SDK makes of it, to the history of the call',
    cases: ['a Responses stream, whole', 'a Responses stream, by a Request', 'a Responses stream, moved by 307'],
  },
  {
    what: 'two `set-cookie` in a request',
    why: 'cookie values may contain commas, so they cannot be joined',
    cases: ['headers, two set-cookie to send'],
  },
  {
    what: 'a `Request` made with a stream',
    why: 'read to its end before it is sent, so that it can be sent again; pass a stream as `init.body` if it must be streamed',
    cases: ['a Request with a stream'],
  },
  {
    what: 'a stream as a body, after the call',
    why: 'opened once there is a connection, so that it stays unread if none could be made, and released at its end',
    cases: ['a stream is locked once it is sent'],
    on: [22, 24],
  },
  {
    what: 'the source of a stream, when the call is aborted',
    why: 'told, so that it can stop',
    cases: ['no reason', 'an Error', 'a TimeoutError', 'a string', 'null'].map(
      (reason) => `abort while a stream is sent, with ${reason}`,
    ),
  },
  {
    what: 'a `SharedArrayBuffer` as a body',
    why: 'its bytes are sent',
    cases: ['the body a SharedArrayBuffer'],
  },
  {
    what: '`integrity`',
    why: 'refused: returning unchecked bytes would be worse',
    cases: ['integrity that holds', 'the options {"integrity":"sha256-deadbeef"}'],
  },
  {
    what: 'a GET, HEAD, PUT, DELETE or OPTIONS whose connection fails before the answer',
    why: 'sent again, up to `maxRetries`',
    cases: [
      'a reset before the head',
      'an end before the head',
      'an end within the head',
      'an answer that is no HTTP',
      'a header that is none',
      'two lengths',
    ].map((name) => `GET, ${name}`),
  },
  {
    what: 'the same, answered with 500 or above',
    why: 'sent again, up to `maxRetries`; then the answer is returned',
    cases: [500, 599, 600, 999].map((status) => `the answer ${status}`),
  },
  {
    what: '`x-resilient-responses` on an answer that ends a Responses call',
    why: '`explain(error)` finds the history of the call by it',
    cases: ['a Responses stream, that is refused'],
  },
  {
    what: 'the codes down the `cause` of a failure',
    why: 'our error is between `fetch failed` and the system error, and has the history of the call',
    cases: ['the cause of a failure'],
  },
  {
    what: 'a 307 or 308 of a body to another origin',
    why: 'a conversation is not sent to another origin; nor is a Responses call without a body',
    cases: ['redirect, 307 of a POST to another origin'],
  },
  {
    what: 'the headers that a redirect takes to another origin',
    why: 'a credential may have any name, so only headers that say how to answer, and tracing headers, are sent',
    cases: ['redirect, 302 of a GET to another origin', 'redirect, 302 of a POST to another origin'],
  },
  {
    what: '`content-encoding` and `content-length` of a body that was decoded',
    why: 'they would be wrong for the decoded body',
    cases: ['gzip', 'x-gzip', 'deflate', 'raw deflate', 'br', 'gzip in br', 'broken gzip', '404 in gzip']
      .concat('an empty body that says gzip')
      .map((name) => `the answer ${name}`)
      .concat('a Responses stream, in gzip'),
  },
  {
    what: '`content-length` of a Responses stream',
    why: 'a missing blank line may be added to its last frame',
    cases: ['a Responses stream, whole, with its length'],
  },
  {
    what: 'a Responses stream that ends without its terminal event',
    why: 'all SDKs would report a success',
    cases: ['a Responses stream, that ends before its end'],
  },
  {
    what: 'spaces after the value of a header',
    why: 'not part of the value (RFC 9110, 5.5)',
    cases: ['the answer headers of all kinds'],
  },
  {
    what: 'a reason phrase beyond ASCII',
    why: 'a constructed `Response` refuses U+FFFD',
    cases: ['the answer a reason phrase beyond ASCII'],
  },
  {
    what: '`response.headers.set()`',
    why: 'can be changed, as in every constructed `Response`',
    cases: ['what a Response is'],
  },
  {
    what: '`getReader({ mode: "byob" })`',
    why: 'a byte stream transfers the buffer of each chunk. Chunks share buffers, so each would have to be copied',
    cases: ['reading, with a reader of buffers (BYOB)'],
  },
  {
    what: '`abort(null)` after the head',
    why: 'the reason is thrown unchanged',
    cases: ['a read pending', 'the body unread', 'a clone'].map((when) => `abort with ${when}, with null`),
  },
  {
    what: 'listeners on the signal, once all is read',
    why: 'a signal may outlive thousands of calls',
    cases: ['abort, no listener stays on the signal'],
    on: [22, 24],
  },
  {
    what: '`referrer`',
    why: 'not sent: a call does not come from a page',
    cases: ['a referrer of the same origin'],
  },
  {
    what: 'the case of the names of headers',
    why: 'lower case, as in HTTP/2. Names do not depend on case',
    cases: ['the case of the names of headers'],
  },
  {
    what: 'entries for `PerformanceObserver`',
    why: 'none: an entry contains the address with its query, and any code can read the last 250. Use `onEvent` or `diagnostics_channel`',
    cases: ['entries for PerformanceObserver'],
  },
  {
    what: '407 for a call with `window: null`',
    why: 'the answer is returned: there is no browser to ask for a password',
    cases: ['407 with `window: null`'],
  },
  {
    what: '`setGlobalOrigin()` of undici',
    why: 'ignored: addresses are absolute, so that credentials have an origin',
    cases: ['a relative address behind setGlobalOrigin() of undici'],
  },
  {
    what: 'an answer of more than three codings',
    why: 'not decoded: so many are an attack',
    cases: ['an answer of four codings'],
  },
  {
    what: 'a `dispatcher` given to `new Request()`',
    why: "not used: only Node's own `fetch` can read it. Pass it to the call as `init.dispatcher`",
    cases: ['a dispatcher in a Request'],
    on: [24, 26],
  },
  {
    what: 'a `connection` header that names another header',
    why: 'not sent either; Node 22 fails',
    cases: ['headers, connection: mine'],
    on: [22],
  },
  {
    what: 'an answer with an invalid header',
    why: 'a failure; Node 22 takes it',
    cases: ['POST, a header that is none'],
    on: [22],
  },
  {
    what: 'the reason of an abort after the head, for a body that is not being read',
    why: 'thrown unchanged; Node 22 makes another error',
    cases: [
      ...['an Error', 'a TimeoutError', 'a string'].map((reason) => `abort with the body unread, with ${reason}`),
      ...['no reason', 'an Error', 'a TimeoutError', 'a string'].map((reason) => `abort with a clone, with ${reason}`),
    ],
    on: [22],
  },
]

/** What is different on a version of Node, by the name of the case. */
export function differencesOn(major: number): ReadonlyMap<string, Difference> {
  const there = DIFFERENCES.filter(({ on }) => on?.includes(major) ?? true)
  return new Map(there.flatMap((difference) => difference.cases.map((name) => [name, difference] as const)))
}
