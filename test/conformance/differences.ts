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
    why: 'the rest speaks of pages in browsers; an event stream is asked for with `accept-encoding: identity`',
    cases: ['headers of its own', 'headers, sec-fetch-mode: mine'],
  },
  {
    what: 'headers that frame a message, given by the caller',
    why: 'not sent: the connection is ours to frame. A `content-length` of a stream is taken as the length of the stream',
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
    what: 'two `set-cookie` in a request',
    why: 'values of cookies may hold commas, so they cannot be joined',
    cases: ['headers, two set-cookie to send'],
  },
  {
    what: 'a `Request` made with a stream',
    why: 'read to its end before it is sent, so that it can be sent again; give a stream as `init.body` where it must flow',
    cases: ['a Request with a stream'],
  },
  {
    what: 'a stream as a body, after the call',
    why: 'taken when a connection stands, so that it is still unread where none could be made, and let go at its end',
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
    why: 'its bytes are what was meant',
    cases: ['the body a SharedArrayBuffer'],
  },
  {
    what: '`integrity`',
    why: 'refused: to hand out what was to be checked, and was not, would be worse',
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
    why: 'sent again, up to `maxRetries`; then the answer comes out',
    cases: [500, 599, 600, 999].map((status) => `the answer ${status}`),
  },
  {
    what: '`x-resilient-responses` on an answer that ends a Responses call',
    why: '`explain(error)` finds the history of the call by it',
    cases: ['a Responses stream, that is refused'],
  },
  {
    what: 'the codes down the `cause` of a failure',
    why: 'between `fetch failed` and the error of the system stands ours, which has the history of the call',
    cases: ['the cause of a failure'],
  },
  {
    what: 'a 307 or 308 of a body to another origin',
    why: 'a conversation does not leave for another host; nor does a Responses call without a body',
    cases: ['redirect, 307 of a POST to another origin'],
  },
  {
    what: 'the headers that a redirect takes to another origin',
    why: 'a credential may have any name: only those go along that say how to answer, and those of tracing',
    cases: ['redirect, 302 of a GET to another origin', 'redirect, 302 of a POST to another origin'],
  },
  {
    what: '`content-encoding` and `content-length` of a body that was decoded',
    why: 'they would be untrue of what is read',
    cases: ['gzip', 'x-gzip', 'deflate', 'raw deflate', 'br', 'gzip in br', 'broken gzip', '404 in gzip']
      .concat('an empty body that says gzip')
      .map((name) => `the answer ${name}`)
      .concat('a Responses stream, in gzip'),
  },
  {
    what: '`content-length` of a Responses stream',
    why: 'its last frame may get the blank line that it lacks',
    cases: ['a Responses stream, whole, with its length'],
  },
  {
    what: 'a Responses stream that ends without its terminal event',
    why: 'all hosts would take it for a success',
    cases: ['a Responses stream, that ends before its end'],
  },
  {
    what: 'spaces behind the value of a header',
    why: 'they do not belong to it (RFC 9110, 5.5)',
    cases: ['the answer headers of all kinds'],
  },
  {
    what: 'a reason phrase beyond ASCII',
    why: 'a hand-made `Response` takes no U+FFFD',
    cases: ['the answer a reason phrase beyond ASCII'],
  },
  {
    what: '`response.headers.set()`',
    why: 'can be changed, as those of every `Response` that was made by hand',
    cases: ['what a Response is'],
  },
  {
    what: '`getReader({ mode: "byob" })`',
    why: 'a byte stream takes possession of the memory of each chunk, which chunks share; it would take a copy of each',
    cases: ['reading, with a reader of buffers (BYOB)'],
  },
  {
    what: '`abort(null)` behind the head',
    why: 'the reason comes out as it was given',
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
    why: 'not sent: there is no page that a call comes from',
    cases: ['a referrer of the same origin'],
  },
  {
    what: 'the case of the names of headers',
    why: 'lower case, as HTTP/2 has them: names are compared without it',
    cases: ['the case of the names of headers'],
  },
  {
    what: 'entries for `PerformanceObserver`',
    why: 'none: an entry for each call shows its address with its query, and Node keeps 250 of them for everyone to read. `onEvent` and `diagnostics_channel` tell of calls',
    cases: ['entries for PerformanceObserver'],
  },
  {
    what: '407 for a call with `window: null`',
    why: 'the answer comes out: no browser asks for a password here',
    cases: ['407 with `window: null`'],
  },
  {
    what: '`setGlobalOrigin()` of undici',
    why: 'not looked at: an address is absolute, so that credentials have an origin',
    cases: ['a relative address behind setGlobalOrigin() of undici'],
  },
  {
    what: 'an answer of more than three codings',
    why: 'not decoded: so many are an attack, not a need',
    cases: ['an answer of four codings'],
  },
  {
    what: 'a `dispatcher` given to `new Request()`',
    why: 'not used: Node keeps it where only its own `fetch` can read it. Give it to the call, as `init.dispatcher`',
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
    what: 'an answer with a header that is none',
    why: 'a failure; Node 22 takes it',
    cases: ['POST, a header that is none'],
    on: [22],
  },
  {
    what: 'the reason of an abort behind the head, for a body that is not being read',
    why: 'comes out as it was given; Node 22 makes an error of its own',
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
