import type { CallHistory } from '../errors/explain.ts'
import type { HeaderPairs } from '../transport/transport.ts'

interface FetchedInit {
  readonly status: number
  readonly statusText?: string
  readonly headers?: Headers | HeaderPairs | Readonly<Record<string, string>>
}

interface Origin {
  readonly url: string
  readonly redirected: boolean
  /** The history of the call. Holds only records. */
  readonly history: CallHistory
}

type Body = ReadableStream<Uint8Array> | string | null
interface Fetched {
  new (body: Body, init: FetchedInit, origin: Origin): Response
  historyBehind(response: Response): CallHistory | undefined
}

/**
 * Declared with accessors and a method, as the class has them. The types of Node list properties, which a class cannot
 * override.
 */
type Inherited = Omit<Response, 'url' | 'redirected' | 'type' | 'clone'> & { clone(): Response }
type HandMade = new (...given: ConstructorParameters<typeof Response>) => Inherited

let Fetched: Fetched | undefined

/**
 * Makes a `Response` with `url`, `redirected` and `type`, which SDKs log and compare, and which a constructed one
 * lacks.
 */
export function fetchedResponse(body: Body, init: FetchedInit, origin: Origin): Response {
  Fetched ??= defineFetched()
  return new Fetched(body, init, origin)
}

/** The history of a response that was made here, or of a clone of one. */
export function historyBehind(response: Response): CallHistory | undefined {
  return Fetched?.historyBehind(response)
}

/** Defined on first use: access to `globalThis.Response` makes Node load the whole built-in fetch. */
function defineFetched(): Fetched {
  const Fetched = class Response extends (globalThis.Response as unknown as HandMade) {
    readonly #origin: Origin

    constructor(body: Body, init: FetchedInit, origin: Origin) {
      super(body, (init.status <= 599 ? init : { ...init, status: 500 }) as ResponseInit)
      this.#origin = origin
      // The constructor refuses a status above 599, which some proxies send.
      if (init.status > 599) Object.defineProperty(this, 'status', { value: init.status })
    }

    static historyBehind(response: object): CallHistory | undefined {
      return #origin in response ? response.#origin.history : undefined
    }

    get url(): string {
      return this.#origin.url
    }

    get redirected(): boolean {
      return this.#origin.redirected
    }

    get type(): 'basic' {
      return 'basic'
    }

    override clone(): globalThis.Response {
      // The inherited method would create a plain `Response`.
      const { body, statusText, headers } = super.clone()
      return fetchedResponse(body as Body, { status: this.status, statusText, headers }, this.#origin)
    }
  }
  return Fetched as unknown as Fetched
}
