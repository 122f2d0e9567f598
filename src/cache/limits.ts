import { clockRule, func, msOrOff, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { checkOptions } from '../errors/check-options.ts'
import type { ClientCacheOptions } from './types.ts'

const rules = {
  create: { ...func(), required: true },
  isUsable: { ...func(), required: true },
  destroy: { ...func(), required: true },
  retire: func(),
  onEvent: func(),
  maxEntries: { ...whole(1, Infinity), default: 100 },
  idleTtlMs: { ...msOrOff, default: 300_000 },
  createMs: { ...msOrOff, default: 30_000 },
  clock: clockRule,
} as const satisfies Rules<ClientCacheOptions<unknown>>

/** @throws ConfigurationError for an option that is missing, unknown or not accepted. */
export function checkCacheOptions(options: unknown): void {
  checkOptions(options, rules, { of: 'a ClientCache', mayBeInstance: true })
}

export function limitsOf(
  options: Pick<ClientCacheOptions<unknown>, 'maxEntries' | 'idleTtlMs' | 'createMs'>,
): Required<typeof options> {
  return {
    maxEntries: options.maxEntries ?? rules.maxEntries.default,
    idleTtlMs: options.idleTtlMs ?? rules.idleTtlMs.default,
    createMs: options.createMs ?? rules.createMs.default,
  }
}
