/** What is known about a release before it is published. */
export interface Release {
  readonly manifest: { readonly name: string; readonly version: string; readonly [field: string]: unknown }
  readonly changelog: string
  /** The text of package-lock.json. */
  readonly lock: string
  /** Lines of `git status --porcelain`. */
  readonly changedFiles: readonly string[]
  /** Tags of the commit. */
  readonly tags: readonly string[]
  /** Whether two builds gave the same tarball. */
  readonly isReproducible: boolean
}

/** One line for each thing that is left to do. */
export function leftToDo({ manifest, changelog, lock, changedFiles, tags, isReproducible }: Release): string[] {
  const { version } = manifest
  const left: string[] = []
  const toFill = Object.keys(manifest).filter((field) => JSON.stringify(manifest[field]).includes('FILL-IN'))
  if (toFill.length > 0) left.push(`package.json: fill in ${toFill.join(', ')}`)
  const lockVersion = (JSON.parse(lock) as { version?: string }).version
  if (lockVersion !== version) left.push(`package-lock.json has version ${lockVersion}: run npm install`)
  left.push(...leftInChangelog(changelog, version))
  if (changedFiles.length > 0) left.push(`commit ${changedFiles.length} changed file(s)`)
  if (!tags.includes(`v${version}`)) left.push(`tag the commit: git tag v${version}`)
  if (!isReproducible) left.push('two builds gave different tarballs: find out why')
  return left
}

function leftInChangelog(changelog: string, version: string): string[] {
  const sections = changelog.split(/^## /m).slice(1)
  const ofVersion = sections.find((section) => section.startsWith(`[${version}]`))
  const unreleased = sections.find((section) => section.startsWith('[Unreleased]')) ?? ''
  const left: string[] = []
  if (ofVersion === undefined) left.push(`CHANGELOG.md: add the section [${version}] with what is new`)
  else if (!/^\[[^\]]+\] - \d{4}-\d{2}-\d{2}$/m.test(ofVersion)) left.push(`CHANGELOG.md: [${version}] needs its date`)
  if (/^- /m.test(unreleased)) left.push('CHANGELOG.md: move what is under [Unreleased] to the version')
  return left
}
