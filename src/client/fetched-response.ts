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
  /** The history of the call behind it: records, which keep nothing else alive. */
  readonly history: CallHistory
}

type Body = ReadableStream<Uint8Array> | string | null
interface Fetched {
  new (body: Body, init: FetchedInit, origin: Origin): Response
  historyBehind(response: Response): CallHistory | undefined
}

/** Declared with accessors and a method, as it is made; the types of Node list properties, which cannot be overridden. */
type Inherited = Omit<Response, 'url' | 'redirected' | 'type' | 'clone'> & { clone(): Response }
type HandMade = new (...given: ConstructorParameters<typeof Response>) => Inherited

let Fetched: Fetched | undefined

/** A `Response` that came from somewhere: hosts log and compare what a hand-made one cannot say of itself. */
export function fetchedResponse(body: Body, init: FetchedInit, origin: Origin): Response {
  Fetched ??= defineFetched()
  return new Fetched(body, init, origin)
}

/** The history behind a response that was made here, or cloned from one. */
export function historyBehind(response: Response): CallHistory | undefined {
  return Fetched?.historyBehind(response)
}

/** Not at import: whoever looks at `globalThis.Response` makes Node load all of the built-in fetch. */
function defineFetched(): Fetched {
  const Fetched = class Response extends (globalThis.Response as unknown as HandMade) {
    readonly #origin: Origin

    constructor(body: Body, init: FetchedInit, origin: Origin) {
      super(body, (init.status <= 599 ? init : { ...init, status: 500 }) as ResponseInit)
      this.#origin = origin
      // A hand-made one refuses what lies beyond 599, and there are proxies that answer so.
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
      // The built-in one makes a clone of its own class, which has lost what stands here.
      const { body, statusText, headers } = super.clone()
      return fetchedResponse(body as Body, { status: this.status, statusText, headers }, this.#origin)
    }
  }
  return Fetched as unknown as Fetched
}
