import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type CallFacts, toError } from '../../src/call/to-error.ts'
import { type DeadlineName, ERROR_CATALOG, type ErrorCode, type ErrorFamily } from '../../src/errors/catalog.ts'
import {
  ClientClosedError,
  ConfigurationError,
  ConnectionError,
  DeadlineError,
  isResilientError,
  ProtocolError,
  RequestError,
  ResilientError,
  StreamInterruptedError,
  UpstreamError,
} from '../../src/errors/errors.ts'
import { failure } from '../../src/errors/failure.ts'
import { findResilientError } from '../../src/errors/find.ts'

const CODES = Object.keys(ERROR_CATALOG) as ErrorCode[]
const FACTS: CallFacts = {
  attempts: [],
  giveUpReason: undefined,
  replaySafety: 'safe',
  responseStarted: false,
  phase: 'waiting',
  continuation: false,
  committed: false,
  lastSequenceNumber: undefined,
}
const CLASSES: Record<ErrorFamily, new (...given: never[]) => ResilientError> = {
  deadline: DeadlineError,
  connection: ConnectionError,
  protocol: ProtocolError,
  upstream: UpstreamError,
  request: RequestError,
  closed: ClientClosedError,
}
const ours = (code: ErrorCode = 'connection_reset') => new ConnectionError('x', { code })

describe('the catalog of errors', () => {
  it.each(CODES)('has for %s a class, a lane, a system code and a meaning', (code) => {
    const row = ERROR_CATALOG[code]
    expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/)
    if (row.systemCode !== undefined) expect(row.systemCode).toMatch(/^[A-Z][A-Z_]+$/)
    expect(row.meaning).toMatch(/^\S.*\.$/)
    const failed = failure(code)
    expect(failed).toMatchObject({ code, message: row.meaning })
    expect(failed.lane).toBe(row.lane === 'connection' || row.lane === 'pushback' ? row.lane : undefined)
    const error = toError(failed, FACTS)
    expect(error.code).toBe(code)
    expect(error).toBeInstanceOf(code === 'stream_incomplete' ? StreamInterruptedError : CLASSES[row.family])
    expect((error.cause as { code: string } | undefined)?.code).toBe(row.systemCode)
    expect(row.systemCode === undefined).toBe(row.family === 'upstream')
  })

  it('has a code for each deadline', () => {
    const names = {
      connect: true,
      send: true,
      ttfb: true,
      idle: true,
      progress: true,
      stale: true,
      total: true,
      before_commit: true,
      queue: true,
    } satisfies Record<DeadlineName, true>
    for (const name of Object.keys(names)) {
      const code = `${name}_timeout` as ErrorCode
      expect(ERROR_CATALOG[code]).toMatchObject({ family: 'deadline', systemCode: 'ETIMEDOUT' })
    }
  })

  it('gives no error a name that hosts take for an abort, whether before or after the commit', () => {
    for (const code of CODES) {
      for (const committed of [false, true]) {
        for (
          let error: unknown = toError(failure(code), { ...FACTS, committed });
          error;
          error = (error as Error).cause
        ) {
          const { name, message } = error as Error
          expect(name).not.toMatch(/^(?:AbortError|TimeoutError)$/)
          expect(message).not.toBe('')
        }
      }
    }
  })
})

describe('the class of an error', () => {
  const all: ReadonlyArray<readonly [ResilientError, string]> = [
    [new ResilientError('x', { code: 'connection_reset' }), 'ResilientError'],
    [new ConfigurationError('x', 'p'), 'ConfigurationError'],
    [new ClientClosedError('x'), 'ClientClosedError'],
    [new DeadlineError('x', { code: 'ttfb_timeout' }), 'DeadlineError'],
    [ours(), 'ConnectionError'],
    [new ProtocolError('x', { code: 'protocol_error' }), 'ProtocolError'],
    [new UpstreamError('x', { code: 'http_status', status: 500 }), 'UpstreamError'],
    [new RequestError('x', { code: 'headers_failed' }), 'RequestError'],
    [new StreamInterruptedError('x', { code: 'idle_timeout' }), 'StreamInterruptedError'],
  ]

  it.each(all)('is its own and the base, and no other: %s', (error, name) => {
    expect(error.name).toBe(name)
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(ResilientError)
    expect(isResilientError(error)).toBe(true)
    expect(error.stack).toContain(name)
    const classes = [
      ConfigurationError,
      ClientClosedError,
      DeadlineError,
      ConnectionError,
      ProtocolError,
      UpstreamError,
    ]
    for (const other of [...classes, RequestError, StreamInterruptedError]) {
      expect(error instanceof other).toBe(other.name === name)
    }
  })

  it('does not match errors and values of others', () => {
    for (const value of [new Error('x'), { code: 'connection_reset' }, null, undefined, 'x', 7, () => {}]) {
      expect(isResilientError(value)).toBe(false)
      expect(value instanceof ResilientError).toBe(false)
      expect(findResilientError(value)).toBeUndefined()
    }
  })

  it('says whether a retry could help, by the catalog or by the failure itself', () => {
    expect(ours().retryable).toBe(true)
    expect(ours('certificate_rejected').retryable).toBe(false)
    expect(new UpstreamError('x', { code: 'http_status' }).retryable).toBe(false)
    expect(new UpstreamError('x', { code: 'http_status', retryable: true }).retryable).toBe(true)
    expect(new ClientClosedError('x', { retryable: true }).retryable).toBe(false)
  })

  it('has a code, which a guard can check', () => {
    expect(isResilientError(ours(), 'connection_reset')).toBe(true)
    expect(isResilientError(ours(), 'ttfb_timeout')).toBe(false)
  })

  it('holds across copies of the package in one process', async () => {
    const at = '../../src/errors/resilient-error.ts?copy'
    const copy = (await import(at)) as typeof import('../../src/errors/resilient-error.ts')
    expect(copy.ResilientError).not.toBe(ResilientError)
    const theirs = new copy.ResilientError('x', { code: 'idle_timeout' })
    expect(theirs).toBeInstanceOf(ResilientError)
    expect(isResilientError(theirs, 'idle_timeout')).toBe(true)
    expect(copy.isResilientError(ours(), 'connection_reset')).toBe(true)
    expect(findResilientError(new TypeError('fetch failed', { cause: theirs }))).toBe(theirs)
  })
})

describe('our error in what a host throws', () => {
  const error = ours()
  const deep = (levels: number): Error =>
    levels === 0 ? error : new Error(`level ${levels}`, { cause: deep(levels - 1) })

  it.each<[what: string, wrapped: unknown]>([
    ['itself', error],
    ['a cause', new TypeError('fetch failed', { cause: error })],
    ['a cause, three deep', deep(3)],
    ['a cause, ten deep', deep(10)],
    ['an AggregateError', new AggregateError([new Error('x'), error])],
    [
      'an AggregateError in a cause',
      new Error('x', { cause: new AggregateError([new TypeError('y', { cause: error })]) }),
    ],
    [
      'the list of a retry helper',
      Object.assign(new Error('failed after 3 attempts'), { errors: [deep(1), new Error('x')] }),
    ],
    ['an error of another realm', runInNewContext('(cause) => new TypeError("x", { cause })')(error)],
  ])('is found in %s', (_, wrapped) => {
    expect(findResilientError(wrapped)).toBe(error)
  })

  it('is the outermost of several', () => {
    const outer = new RequestError('outer', { code: 'headers_failed', cause: error })
    expect(findResilientError(new Error('x', { cause: outer }))).toBe(outer)
  })

  it('is found in circular causes, each visited once', () => {
    const circle = new Error('a')
    circle.cause = new Error('b', { cause: circle })
    expect(findResilientError(circle)).toBeUndefined()
    // Each level holds itself many times: followed blindly, that would take longer than the universe has.
    let tree = new AggregateError([], 'leaf')
    for (let i = 0; i < 9; i++) tree = new AggregateError(Array(30).fill(tree), 'node')
    tree.errors.push(tree)
    tree.cause = error
    expect(findResilientError(tree)).toBe(error)
  })

  it('is not found in a value that is not an error', () => {
    expect(findResilientError({ cause: error })).toBeUndefined()
    expect(findResilientError(new Error('x', { cause: { error } }))).toBeUndefined()
    expect(findResilientError(Object.assign(new Error('x'), { errors: 'no list' }))).toBeUndefined()
  })
})
