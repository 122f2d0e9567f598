import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { BUGS } from '../../scripts/simulate-bugs-list.ts'

const root = path.resolve(import.meta.dirname, '../..')

it.each(BUGS.map(({ name, edits }) => [name, edits] as const))(
  '`npm run simulate:bugs` finds the place of: %s',
  (_name, edits) => {
    for (const { file, find } of edits) expect(readFileSync(path.join(root, file), 'utf8').split(find)).toHaveLength(2)
  },
)
