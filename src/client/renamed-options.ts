import { refuseRenamed } from '../errors/renamed-option.ts'
import { RENAMED_STREAM_OPTIONS } from '../responses/request-options.ts'

/** Old name → new name of an option. An old name is refused with an error that names the new one. */
const RENAMED: Readonly<Record<string, string>> = {
  ...RENAMED_STREAM_OPTIONS,
  onStreamFailure: 'streamFailure',
}

const RENAMED_HEDGE: Readonly<Record<string, string>> = {
  suspicion: 'deadProbability',
  maxLegs: 'maxConcurrent',
  maxWaste: 'maxExtraShare',
}

/** @throws ConfigurationError for the old name of an option of a client or of a view. */
export function refuseOldNames(options: unknown): void {
  refuseRenamed(options, RENAMED, '')
  refuseRenamed((options as { hedge?: unknown } | null | undefined)?.hedge, RENAMED_HEDGE, 'hedge.')
}
