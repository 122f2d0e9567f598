import type { ExchangeObserver, HeaderPairs, ResponseHead } from '../transport.ts'

type Parsed = Readonly<Record<string, string>>

/**
 * Reports the head of an answer. A stream holds its head to its end, but its headers are rarely read again after this report.
 *
 * @param parsed the headers as undici parsed them, if it did. They need much less memory than pairs.
 */
export function reportHead(observer: ExchangeObserver, head: ResponseHead, parsed: object | undefined): void {
  if (parsed === undefined || !holdsAll(parsed, head.headers)) {
    observer.head(head)
    return
  }
  const kept = new ParsedHead(head, parsed)
  observer.head(kept)
  kept.dropPairs()
}

/** Whether `parsed` has the same headers: no name comes twice, and none was removed. */
function holdsAll(parsed: object, pairs: HeaderPairs): parsed is Parsed {
  const values = Object.values(parsed)
  return values.length === pairs.length && values.every((value) => typeof value === 'string')
}

class ParsedHead implements ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly #parsed: Parsed
  #pairs: HeaderPairs | undefined

  constructor({ status, statusText, headers }: ResponseHead, parsed: Parsed) {
    this.status = status
    this.statusText = statusText
    this.#parsed = parsed
    this.#pairs = headers
  }

  get headers(): HeaderPairs {
    return this.#pairs ?? Object.entries(this.#parsed)
  }

  dropPairs(): void {
    this.#pairs = undefined
  }
}
