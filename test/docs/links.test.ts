import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { pagesOfRepository } from './pages.ts'

const root = path.resolve(import.meta.dirname, '../..')
const read = (page: string): string => readFileSync(path.join(root, page), 'utf8')
const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```$/gm, '')

/** The anchors that GitHub and npm make of the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const headings = withoutCode(read(page)).matchAll(/^#+ (.+)$/gm)
  return new Set([...headings].map(([, heading = '']) => slug(heading)))
}

function slug(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
}

/** The links of a page to other files and to headings. */
function linksOf(page: string): string[] {
  const links = withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)
  return [...links].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
}

describe('the links of the pages', () => {
  it.each(pagesOfRepository())('lead to files and headings that exist: %s', (page) => {
    const broken = linksOf(page).filter((target) => {
      const [file = '', anchor] = target.split('#')
      const goal = file === '' ? page : path.join(path.dirname(page), file)
      if (!existsSync(path.join(root, goal))) return true
      return anchor !== undefined && !anchorsOf(goal).has(anchor)
    })
    expect(broken).toEqual([])
  })

  it('reach every page of docs from the README', () => {
    const missing = readdirSync(path.join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .filter((name) => !linksOf('README.md').some((target) => target.split('#')[0] === `docs/${name}`))
    expect(missing).toEqual([])
  })

  it('make the anchors that GitHub makes', () => {
    expect(slug("A caller's dispatcher")).toBe('a-callers-dispatcher')
    expect(slug('`timeouts.ttfbMs`')).toBe('timeoutsttfbms')
    expect(slug('Seeing: OpenTelemetry, logs, events')).toBe('seeing-opentelemetry-logs-events')
  })
})
