/**
 * A plugin of Stryker that passes a share of the mutants, chosen by a hash of each, and leaves the others out of the
 * score. `MUTATE_SHARE` is the share in per cent.
 */
import { createHash } from 'node:crypto'
import { type Checker, type CheckResult, CheckStatus } from '@stryker-mutator/api/check'
import type { Mutant } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'

function isChosen({ fileName, location, mutatorName, replacement }: Mutant, percent: number): boolean {
  const place = fileName.slice(fileName.lastIndexOf('/src/'))
  const text = JSON.stringify([place, location, mutatorName, replacement])
  return createHash('sha256').update(text).digest().readUInt32BE() % 100 < percent
}

class Share implements Checker {
  async init(): Promise<void> {}

  async check(mutants: Mutant[]): Promise<Record<string, CheckResult>> {
    const percent = Number(process.env.MUTATE_SHARE)
    return Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        isChosen(mutant, percent)
          ? { status: CheckStatus.Passed }
          : { status: CheckStatus.CompileError, reason: 'not of the share' },
      ]),
    )
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'share', Share)]
