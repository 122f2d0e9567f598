/**
 * A plugin of Stryker that passes some mutants, and leaves the others out of the score: a share of all, chosen by a hash of each
 * (`MUTATE_SHARE`, in per cent), or those whose names are in a file (`MUTATE_ONLY`: its path; JSON, an array of names).
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Checker, type CheckResult, CheckStatus } from '@stryker-mutator/api/check'
import type { Mutant } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'

type Named = Pick<Mutant, 'fileName' | 'location' | 'mutatorName'> & { readonly replacement?: string | undefined }

/** @param first the number of the first line and column: 0 in a checker, 1 in a report. */
export function nameOf({ fileName, location: { start, end }, mutatorName, replacement }: Named, first: 0 | 1): string {
  const file = fileName.slice(fileName.lastIndexOf('src/'))
  const places = [start, end].map(({ line, column }) => `${line - first}:${column - first}`)
  return [file, places.join('-'), mutatorName, replacement].join(' ')
}

function isOfShare({ fileName, location, mutatorName, replacement }: Mutant, percent: number): boolean {
  const place = fileName.slice(fileName.lastIndexOf('/src/'))
  const text = JSON.stringify([place, location, mutatorName, replacement])
  return createHash('sha256').update(text).digest().readUInt32BE() % 100 < percent
}

class Share implements Checker {
  async init(): Promise<void> {}

  async check(mutants: Mutant[]): Promise<Record<string, CheckResult>> {
    const percent = Number(process.env.MUTATE_SHARE)
    const { MUTATE_ONLY: list } = process.env
    const only = list === undefined ? undefined : new Set<string>(JSON.parse(readFileSync(list, 'utf8')))
    const isChosen = (mutant: Mutant): boolean => only?.has(nameOf(mutant, 0)) ?? isOfShare(mutant, percent)
    return Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        isChosen(mutant)
          ? { status: CheckStatus.Passed }
          : { status: CheckStatus.CompileError, reason: 'not of the share' },
      ]),
    )
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'share', Share)]
