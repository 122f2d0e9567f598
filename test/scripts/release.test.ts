import { expect, it } from 'vitest'
import { leftToDo, type Release } from '../../scripts/release/left-to-do.ts'

const READY: Release = {
  manifest: { name: 'resilient-responses', version: '0.2.0', repository: 'https://example.org/x' },
  changelog: '# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-01-31\n\n### Added\n\n- A thing.\n',
  lock: '{"version":"0.2.0"}',
  changedFiles: [],
  tags: ['v0.2.0'],
  isReproducible: true,
}

it('says that nothing is left where a release is ready', () => {
  expect(leftToDo(READY)).toEqual([])
})

it.each<[string, Partial<Release>, string]>([
  ['a field is to be filled in', { manifest: { ...READY.manifest, bugs: { url: 'FILL-IN' } } }, 'fill in bugs'],
  ['the lock has another version', { lock: '{"version":"0.1.0"}' }, 'package-lock.json has version 0.1.0'],
  ['the changelog lacks the version', { changelog: '## [Unreleased]\n' }, 'add the section [0.2.0]'],
  ['the version has no date', { changelog: '## [0.2.0]\n\n- A thing.\n' }, '[0.2.0] needs its date'],
  [
    'something is unreleased',
    { changelog: READY.changelog.replace('## [Unreleased]\n', '## [Unreleased]\n\n- New.\n') },
    'move what is under',
  ],
  ['a file is changed', { changedFiles: [' M src/index.ts'] }, 'commit 1 changed file(s)'],
  ['the commit has no tag', { tags: ['v0.1.0'] }, 'git tag v0.2.0'],
  ['the build is not reproducible', { isReproducible: false }, 'different tarballs'],
])('says what is left where %s', (_, change, said) => {
  expect(leftToDo({ ...READY, ...change })).toEqual([expect.stringContaining(said)])
})
