import { type Clock, systemClock } from '../../core/clock.ts'
import { optionPath, shown, shownName } from '../../core/shown.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import type { TlsOptions } from './connector.ts'

/** Options of the default transport. A `ResilientClient` takes the same ones and hands them on. */
export interface UndiciTransportOptions {
  /**
   * `leased` (default): a connection serves one attempt at a time; one that ended cleanly may serve another later. Retries
   * always get one that never carried a request. `fresh`: no connection carries two requests.
   */
  readonly isolation?: 'leased' | 'fresh' | undefined
  /** How long a connection may wait for another attempt. Milliseconds, default 30 000; `0`: not at all. */
  readonly keepAliveMs?: number | undefined
  /** With `isolation: 'fresh'`: never-used connections kept open per origin, topped up at each use. Default 0. */
  readonly warm?: number | undefined
  /** How long a never-used connection is kept. Milliseconds, default 10 000. */
  readonly warmMs?: number | undefined
  /** Connections per origin at most, idle ones included; further attempts wait in turn. Default: no bound. */
  readonly maxConnections?: number | undefined
  /**
   * `'env'` (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, read at construction) or the address of an HTTP proxy. Default: none,
   * or `'env'` where Node is told to use it (`NODE_USE_ENV_PROXY=1`, `--use-env-proxy`). `'none'` switches it off there.
   */
  readonly proxy?: string | undefined
  /** Default: the system's certificate authorities, no client certificate. */
  readonly tls?: TlsOptions | undefined
  /** Bytes of a response's header block at most. Default 65 536; `0`: no bound. */
  readonly maxHeaderBytes?: number | undefined
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

const NAMES: Readonly<Record<keyof UndiciTransportOptions, true>> = {
  isolation: true,
  keepAliveMs: true,
  warm: true,
  warmMs: true,
  maxConnections: true,
  proxy: true,
  tls: true,
  maxHeaderBytes: true,
  clock: true,
}

/** @throws ConfigurationError for an option that is unknown, and for a value that is not accepted. */
export function settingsOf(options: UndiciTransportOptions): UndiciTransportSettings {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name))
  if (unknown !== undefined) {
    const known = Object.keys(NAMES).join(', ')
    throw new ConfigurationError(
      `Unknown option ${shownName(unknown)} of undiciTransport(); accepted are ${known}.`,
      optionPath('', unknown),
    )
  }
  const { isolation = 'leased' } = options
  if (isolation !== 'leased' && isolation !== 'fresh') {
    throw new ConfigurationError(`isolation: got ${shown(isolation)}; accepted are 'leased' and 'fresh'.`, 'isolation')
  }
  const keepAliveMs = ms('keepAliveMs', options.keepAliveMs, 30_000)
  return {
    isolated: isolation === 'fresh' || keepAliveMs === 0,
    keepAliveMs,
    warm: whole('warm', options.warm, 0),
    warmMs: ms('warmMs', options.warmMs, 10_000),
    maxConnections:
      options.maxConnections === undefined ? Infinity : whole('maxConnections', options.maxConnections, 1, 1),
    maxHeaderBytes: whole('maxHeaderBytes', options.maxHeaderBytes, 64 * 1024),
    clock: options.clock ?? systemClock,
  }
}

function ms(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (Number.isFinite(value) && value >= 0) return value
  throw new ConfigurationError(`${name}: got ${shown(value)}; accepted are milliseconds from 0.`, name)
}

function whole(name: string, value: number | undefined, fallback: number, least = 0): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value >= least) return value
  throw new ConfigurationError(`${name}: got ${shown(value)}; accepted is a whole number from ${least}.`, name)
}
