import { ConfigurationError } from '../errors/errors.ts'
import type { ClientCacheOptions } from './types.ts'

const DEFAULT_MAX_ENTRIES = 100
const DEFAULT_IDLE_TTL_MS = 300_000

/** @throws ConfigurationError for a limit that is not accepted. */
export function limitsOf({ maxEntries, idleTtlMs }: Pick<ClientCacheOptions<unknown>, 'maxEntries' | 'idleTtlMs'>): {
  readonly maxEntries: number
  readonly idleTtlMs: number
} {
  const limits = { maxEntries: maxEntries ?? DEFAULT_MAX_ENTRIES, idleTtlMs: idleTtlMs ?? DEFAULT_IDLE_TTL_MS }
  if (!Number.isInteger(limits.maxEntries) || limits.maxEntries < 1) {
    throw new ConfigurationError(`maxEntries: got ${maxEntries}; accepted is a whole number from 1.`, 'maxEntries')
  }
  if (!Number.isFinite(limits.idleTtlMs) || limits.idleTtlMs < 0) {
    throw new ConfigurationError(`idleTtlMs: got ${idleTtlMs}; accepted is 0 (off) or more.`, 'idleTtlMs')
  }
  return limits
}
