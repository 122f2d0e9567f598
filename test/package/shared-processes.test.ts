import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import config from '../../vitest.config.ts'

interface Files {
  readonly include?: string[]
  readonly exclude?: string[]
}

const projects = (config.test?.projects ?? []).flatMap((project) =>
  typeof project === 'object' && 'test' in project && project.test !== undefined ? [project.test] : [],
)

function filesOf({ include = [], exclude = [] }: Files): string[] {
  return globSync(include, { exclude: ['node_modules/**', ...exclude] })
}

it('every test file belongs to one project', () => {
  const all = globSync('test/**/*.test.ts')
  expect(projects.flatMap(filesOf).sort()).toEqual(all.sort())
})

it('no test file that shares its process with others replaces a module: they would get what it put there', () => {
  const shared = projects.filter(({ name }) => name === 'shared').flatMap(filesOf)
  expect(shared.length).toBeGreaterThan(100)
  const replacing = /\bvi\.(doMock|mock|resetModules|stubGlobal)\(/
  expect(shared.filter((file) => replacing.test(readFileSync(file, 'utf8')))).toEqual([])
})
