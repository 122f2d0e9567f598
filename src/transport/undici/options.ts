import { type Clock, systemClock } from '../../core/clock.ts'
import { bytes, clockRule, msOrOff, oneOf, positiveMs, section, text, whole } from '../../core/rule-kinds.ts'
import type { Rules } from '../../core/rules.ts'
import { checkOptions } from '../../errors/check-options.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { type TlsOptions, tlsRules } from './tls-options.ts'

/** Options of the default transport. A `ResilientClient` takes the same options and passes them on. */
export interface UndiciTransportOptions {
  /**
   * `'leased'` (default): a connection carries one attempt at a time, and after a clean end it may carry another. A retry always
   * gets a connection that has never carried a request. `'fresh'`: every attempt gets such a connection.
   */
  readonly isolation?: 'leased' | 'fresh' | undefined
  /**
   * How long a connection that has carried an attempt is kept for another one. Milliseconds, default 30 000; `0`: it is closed.
   * Refused with `isolation: 'fresh'`, which keeps no such connections.
   */
  readonly keepAliveMs?: number | undefined
  /**
   * With `isolation: 'fresh'` only: how many connections to an origin are opened ahead, so that attempts need not wait for them. Each
   * one that is used is replaced. 0 to 1 000, default 0.
   */
  readonly warm?: number | undefined
  /** With `warm` only: how long a connection that was opened ahead is kept. Milliseconds, from 1; default 10 000. */
  readonly warmMs?: number | undefined
  /** The most connections per origin, including idle ones. Further attempts wait in order. Default: no limit. */
  readonly maxConnections?: number | undefined
  /**
   * `'env'` (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, read by the constructor) or the address of an HTTP proxy.
   * Default: none, or `'env'` if Node is configured to use it (`NODE_USE_ENV_PROXY=1`, `--use-env-proxy`). `'none'`
   * turns that off.
   */
  readonly proxy?: string | undefined
  /** Settings of TLS, as for `tls.connect`. Default: those of Node, without a client certificate. */
  readonly tls?: TlsOptions | undefined
  /** The largest header block of a response. Bytes, default 65 536; `0`: no limit. */
  readonly maxHeaderBytes?: number | undefined
  /** Runs the transport's timers. Default: the system clock. */
  readonly clock?: Clock | undefined
}

export interface UndiciTransportSettings {
  readonly isolated: boolean
  readonly keepAliveMs: number
  readonly warm: number
  readonly warmMs: number
  readonly maxConnections: number
  readonly maxHeaderBytes: number
  readonly clock: Clock
}

/** The rules of the options that a client passes on. */
export const connectionRules = {
  isolation: { ...oneOf('leased', 'fresh'), default: 'leased' },
  keepAliveMs: { ...msOrOff, default: 30_000 },
  warm: { ...whole(0, 1000), default: 0 },
  warmMs: { ...positiveMs, default: 10_000 },
  maxConnections: whole(1),
  proxy: { ...text("'env', 'none' or the address of an HTTP proxy"), secret: true },
  tls: { ...section(tlsRules), secret: true },
} as const satisfies Rules<Omit<UndiciTransportOptions, 'maxHeaderBytes' | 'clock'>>

export const maxHeaderBytesRule = { ...bytes, default: 64 * 1024 }

const undiciRules = {
  ...connectionRules,
  maxHeaderBytes: maxHeaderBytesRule,
  clock: clockRule,
} as const satisfies Rules<UndiciTransportOptions>

/**
 * @throws ConfigurationError for an option that is unknown, for a value that is not accepted, and for an option that
 * has no effect with another one.
 */
export function settingsOf(options: UndiciTransportOptions): UndiciTransportSettings {
  checkOptions(options, undiciRules, { of: 'undiciTransport()' })
  refuseUseless(options)
  const { isolation, keepAliveMs, warm, warmMs, maxConnections, maxHeaderBytes, clock } = options
  const waits = keepAliveMs ?? undiciRules.keepAliveMs.default
  return {
    isolated: isolation === 'fresh' || waits === 0,
    keepAliveMs: waits,
    warm: warm ?? undiciRules.warm.default,
    warmMs: warmMs ?? undiciRules.warmMs.default,
    maxConnections: maxConnections ?? Infinity,
    maxHeaderBytes: maxHeaderBytes ?? maxHeaderBytesRule.default,
    clock: clock ?? systemClock,
  }
}

function refuseUseless({ isolation, keepAliveMs, tls }: UndiciTransportOptions): void {
  if (isolation === 'fresh' && keepAliveMs) {
    throw new ConfigurationError(
      `keepAliveMs (${keepAliveMs}) has no effect with isolation: 'fresh': each connection carries one request and then closes. Leave keepAliveMs out, or use isolation: 'leased'.`,
      'keepAliveMs',
    )
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    throw new ConfigurationError('tls.cert and tls.key belong together: give both, or neither.', 'tls')
  }
  if (tls?.passphrase !== undefined && tls.key === undefined) {
    throw new ConfigurationError(
      'tls.passphrase has no effect without tls.key, which it decrypts. Give tls.key and tls.cert, or leave tls.passphrase out.',
      'tls.passphrase',
    )
  }
}
