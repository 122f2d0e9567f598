import * as z from 'zod/mini'

/** The longest delay a timer can hold. */
const MAX_MS = 2 ** 31 - 1

/** What is accepted, said in the words of the error. Every schema of an option carries such a sentence. */
function accepts(sentence: string): { error: () => string } {
  return { error: () => sentence }
}

const milliseconds = (sentence: string) =>
  z.number(accepts(sentence)).check(z.minimum(0, accepts(sentence)), z.maximum(MAX_MS, accepts(sentence)))

const wholeFrom = (least: number, most = 1_000_000) => {
  const sentence = `a whole number from ${least} to ${most}`
  return z
    .number(accepts(sentence))
    .check(z.int(accepts(sentence)), z.minimum(least, accepts(sentence)), z.maximum(most, accepts(sentence)))
}
const oneOf = <const T extends readonly string[]>(...values: T) =>
  z.enum(values, accepts(values.map((value) => `'${value}'`).join(' or ')))
const func = <T>(sentence: string) => z.custom<T>((value) => typeof value === 'function', accepts(sentence))
const instance = <T>(methods: readonly string[], sentence: string) =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
    accepts(sentence),
  )
const section = <T extends z.core.$ZodLooseShape>(shape: T) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'an object' : undefined) })

function isHeaderObject(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    // Of `Headers` and `Map`, whose entries are no properties, nothing would be sent.
    !(Symbol.iterator in value) &&
    Object.values(value).every((header) => typeof header === 'string')
  )
}

/** Made for the first client: a hundred schemas are a tenth of what importing all of this takes. */
function makeOptionSchema() {
  const msOrOff = milliseconds('a number of milliseconds from 0 (off) to 2147483647')
  const ms = milliseconds('a number of milliseconds from 0 to 2147483647')
  const FROM_1_MS = 'a number of milliseconds from 1 to 2147483647'
  const positiveMs = milliseconds(FROM_1_MS).check(z.minimum(1, accepts(FROM_1_MS)))
  const AUTO_MS = "'auto', or a number of milliseconds from 0 (off) to 2147483647"
  const autoMs = z.union([z.literal('auto'), milliseconds(AUTO_MS)], accepts(AUTO_MS))
  const bytes = z
    .number(accepts('a whole number of bytes, 0 for no bound'))
    .check(
      z.int(accepts('a whole number of bytes, 0 for no bound')),
      z.minimum(0, accepts('a whole number of bytes, 0 for no bound')),
    )
  const notNegative = z.number(accepts('a number from 0')).check(z.minimum(0, accepts('a number from 0')))
  const API_KEY = 'a string that is not empty; leave it out where no key is needed'
  const HEADER_NAMES = 'an array of names of headers'
  const SHARE = 'a number from 0 to 1'
  const PROBABILITY = 'a number above 0 and below 1'
  const share = z.number(accepts(SHARE)).check(z.minimum(0, accepts(SHARE)), z.maximum(1, accepts(SHARE)))
  const flag = z.boolean(accepts('true or false'))
  const pem = z.custom<string | Buffer>(
    (value) => typeof value === 'string' || Buffer.isBuffer(value),
    accepts('PEM, as a string or a Buffer'),
  )
  const tlsVersion = oneOf('TLSv1.2', 'TLSv1.3')

  return z.strictObject({
    baseURL: z.optional(z.string(accepts('an http: or https: address, for example https://api.openai.com/v1'))),
    apiKey: z.optional(z.string(accepts(API_KEY)).check(z.minLength(1, accepts(API_KEY)))),
    headers: z.optional(
      z.custom<Record<string, string> | ((context: import('./options.ts').HeadersContext) => unknown)>(
        (value) => typeof value === 'function' || isHeaderObject(value),
        accepts('an object of strings, or a function that returns one (or a promise of one)'),
      ),
    ),
    maxRetries: z.optional(wholeFrom(0, 1000)),
    retry: z.optional(
      section({
        baseDelayMs: z.optional(ms),
        maxDelayMs: z.optional(ms),
        maxHintMs: z.optional(ms),
        budget: z.optional(
          z.union(
            [
              z.literal(false),
              section({
                capacity: z.optional(wholeFrom(1)),
                depositPerSuccess: z.optional(notNegative),
                refillPerMinute: z.optional(notNegative),
              }),
            ],
            accepts(
              'false, or an object with capacity (from 1), depositPerSuccess (from 0) and refillPerMinute (from 0)',
            ),
          ),
        ),
      }),
    ),
    retryUnknown: z.optional(flag),
    endpoints: z.optional(
      z
        .array(
          section({
            baseURL: z.string(accepts('an http: or https: address, for example https://api.openai.com/v1')),
            headers: z.optional(z.custom<Record<string, string>>(isHeaderObject, accepts('an object of strings'))),
            forwardHeaders: z.optional(z.array(z.string(accepts(HEADER_NAMES)), accepts(HEADER_NAMES))),
            weight: z.optional(
              z
                .number(accepts('a number above 0'))
                .check(z.gt(0, accepts('a number above 0')), z.maximum(1e6, accepts('a number above 0'))),
            ),
          }),
          accepts('an array of { baseURL, headers?, forwardHeaders?, weight? }, with one at least'),
        )
        .check(
          z.minLength(1, accepts('an array of { baseURL, headers?, forwardHeaders?, weight? }, with one at least')),
        ),
    ),
    endpointOf: z.optional(func<import('../endpoints/endpoints.ts').EndpointOf>('a function')),
    concurrency: z.optional(
      section({ calls: z.optional(wholeFrom(1)), queueMs: z.optional(msOrOff), pace: z.optional(flag) }),
    ),
    hedge: z.optional(
      z.union(
        [
          flag,
          z.literal('auto'),
          section({
            afterMs: z.optional(positiveMs),
            deadProbability: z.optional(
              z.number(accepts(PROBABILITY)).check(z.gt(0, accepts(PROBABILITY)), z.lt(1, accepts(PROBABILITY))),
            ),
            minMs: z.optional(ms),
            maxConcurrent: z.optional(wholeFrom(2, 10)),
            maxExtraShare: z.optional(share),
          }),
        ],
        accepts(
          "'auto', true, false, or an object with afterMs (from 1) or deadProbability (above 0, below 1) and minMs (from 0), maxConcurrent (2 to 10) and maxExtraShare (0 to 1)",
        ),
      ),
    ),
    timeouts: z.optional(
      section({
        connectMs: z.optional(msOrOff),
        sendMs: z.optional(msOrOff),
        ttfbMs: z.optional(autoMs),
        idleMs: z.optional(autoMs),
        progressMs: z.optional(msOrOff),
        staleMs: z.optional(msOrOff),
        totalMs: z.optional(msOrOff),
      }),
    ),
    isolation: z.optional(oneOf('leased', 'fresh')),
    keepAliveMs: z.optional(msOrOff),
    warm: z.optional(wholeFrom(0, 1000)),
    warmMs: z.optional(positiveMs),
    maxConnections: z.optional(wholeFrom(1)),
    transport: z.optional(
      instance<import('../transport/transport.ts').Transport>(
        ['send', 'stats', 'close', 'destroy'],
        'a transport: undiciTransport(options), fetchTransport(fetch), or a FakeTransport',
      ),
    ),
    proxy: z.optional(z.string(accepts("'env', 'none' or the address of an HTTP proxy"))),
    tls: z.optional(
      section({
        ca: z.optional(z.union([pem, z.array(pem)], accepts('PEM, as a string or a Buffer, or an array of them'))),
        cert: z.optional(pem),
        key: z.optional(pem),
        passphrase: z.optional(z.string(accepts('a string'))),
        servername: z.optional(z.string(accepts('a string'))),
        rejectUnauthorized: z.optional(flag),
        minVersion: z.optional(tlsVersion),
        maxVersion: z.optional(tlsVersion),
      }),
    ),
    commit: z.optional(oneOf('progress', 'first_event')),
    commitAfterMs: z.optional(msOrOff),
    beforeCommitMs: z.optional(msOrOff),
    streamFailure: z.optional(oneOf('error', 'sse_error')),
    upgradeToStream: z.optional(flag),
    onPreviousResponseNotFound: z.optional(
      func<import('../call/not-found.ts').PreviousResponseNotFoundHook>('a function'),
    ),
    classify: z.optional(
      func<import('../retry/classify-hook.ts').ClassifyHook>(
        "a function that returns 'connection', 'pushback', 'final' or undefined",
      ),
    ),
    validate: z.optional(oneOf('off', 'report', 'strict')),
    interruption: z.optional(oneOf('error', 'restart')),
    limits: z.optional(
      section({ eventBytes: z.optional(bytes), preludeBytes: z.optional(bytes), headerBytes: z.optional(bytes) }),
    ),
    onEvent: z.optional(func<(event: import('../telemetry/events.ts').TelemetryEvent) => void>('a function')),
    clock: z.optional(
      instance<import('../core/clock.ts').Clock>(
        ['now', 'wallNow', 'setTimer', 'clearTimer', 'afterIO'],
        'a Clock, for example a VirtualClock',
      ),
    ),
    random: z.optional(func<() => number>('a function that returns a number from 0 to below 1')),
  })
}

let made: ReturnType<typeof makeOptionSchema> | undefined

/** The options of a client: their names, their types, and in words what is accepted. */
export function optionSchema(): ReturnType<typeof makeOptionSchema> {
  made ??= makeOptionSchema()
  return made
}

export type ParsedOptions = z.infer<ReturnType<typeof makeOptionSchema>>
