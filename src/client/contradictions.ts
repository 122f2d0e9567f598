import { ConfigurationError } from '../errors/errors.ts'
import type { TimeoutSettings } from '../watchdog/deadlines.ts'
import type { ParsedOptions } from './option-schema.ts'

export function refuseContradictions(options: ParsedOptions, { ttfbMs, staleMs, totalMs }: TimeoutSettings): void {
  const refuse = (path: string, message: string): never => {
    throw new ConfigurationError(message, path)
  }
  if (ttfbMs !== 'auto' && ttfbMs.ms > 0) {
    for (const [name, other] of [
      ['staleMs', staleMs],
      ['totalMs', totalMs],
    ] as const) {
      if (other.source === 'default' || other.ms === 0 || ttfbMs.ms < other.ms) continue
      refuse(
        'timeouts.ttfbMs',
        `timeouts.ttfbMs (${ttfbMs.ms}, from ${ttfbMs.source}) must be below timeouts.${name} (${other.ms}, from ${other.source}), or it would never fire. Lower it, or set one of them to 0 (off).`,
      )
    }
  }
  const { commitAfterMs, beforeCommitMs, retry, isolation, warm, transport, tls } = options
  if (commitAfterMs && beforeCommitMs && commitAfterMs >= beforeCommitMs) {
    refuse(
      'commitAfterMs',
      `commitAfterMs (${commitAfterMs}) must be below beforeCommitMs (${beforeCommitMs}): the call would end before its prelude is handed over.`,
    )
  }
  if (retry?.baseDelayMs !== undefined && retry.maxDelayMs !== undefined && retry.baseDelayMs > retry.maxDelayMs) {
    refuse(
      'retry.baseDelayMs',
      `retry.baseDelayMs (${retry.baseDelayMs}) must not be above retry.maxDelayMs (${retry.maxDelayMs}).`,
    )
  }
  if (warm && isolation !== 'fresh') {
    refuse(
      'warm',
      `warm (${warm}) keeps never-used connections open, which needs isolation: 'fresh'; got ${isolation ?? "the default, 'leased'"}.`,
    )
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    refuse('tls', 'tls.cert and tls.key belong together: give both, or neither.')
  }
  if (transport === undefined) return
  for (const name of ['isolation', 'keepAliveMs', 'warm', 'warmMs', 'maxConnections', 'proxy', 'tls'] as const) {
    if (options[name] === undefined) continue
    refuse(
      name,
      `${name} has no effect beside a transport of your own. Give it to that transport: undiciTransport({ ${name}: … }).`,
    )
  }
  if (options.limits?.headerBytes !== undefined) {
    refuse(
      'limits.headerBytes',
      'limits.headerBytes has no effect beside a transport of your own: undiciTransport({ maxHeaderBytes: … }).',
    )
  }
}
