import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RecordedCall, renderHtml } from '../../src/timeline/index.ts'
import { CHROMIUM, launchChromium, NEEDS_CHROMIUM } from '../support/chromium.ts'
import { HOSTILE, hostileCall } from './hostile-call.ts'
import { madeCalls } from './made-calls.ts'

interface Opened {
  readonly page: Page
  /** What the console said, what was thrown, and what was asked of the network. */
  readonly problems: string[]
}

/** Two calls, the longer one of a duration. */
function lasting(ms: number): RecordedCall[] {
  const [call] = madeCalls(1)
  const made = { ...(call as RecordedCall), attempts: [], firstEventMs: ms }
  return [
    { ...made, callId: 1, durationMs: ms },
    { ...made, callId: 2, durationMs: ms / 2 },
  ]
}

describe.skipIf(CHROMIUM === undefined)(`the page in Chromium${NEEDS_CHROMIUM}`, () => {
  let browser: Browser
  let folder: string
  let opened: Opened | undefined

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-page-'))
    browser = await launchChromium()
  })
  afterEach(async () => {
    await opened?.page.close()
    expect(opened?.problems).toEqual([])
    opened = undefined
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  async function open(
    calls: readonly RecordedCall[],
    { width = 1440, dark = false }: { readonly width?: number; readonly dark?: boolean } = {},
  ): Promise<Page> {
    const file = path.join(folder, 'calls.html')
    writeFileSync(file, renderHtml(calls))
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
    })
    const address = pathToFileURL(file).href
    const problems: string[] = []
    page.on('console', (message) => problems.push(`console: ${message.text()}`))
    page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`))
    page.on('dialog', (dialog) => problems.push(`dialog: ${dialog.message()}`))
    page.on('request', (request) => {
      if (request.url().split('#')[0] !== address) problems.push(`request: ${request.url()}`)
    })
    opened = { page, problems }
    await page.goto(address)
    return page
  }

  const shown = (page: Page) => page.locator('#filters .shown').textContent()
  const firstRow = (page: Page) => page.locator('.row').first()

  it('opens 10 000 calls within a second of work, and draws those that can be seen', async () => {
    const page = await open(madeCalls(10_000))
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    const { metrics } = await session.send('Performance.getMetrics')
    const spent = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
    expect(spent('ScriptDuration') + spent('LayoutDuration') + spent('RecalcStyleDuration')).toBeLessThan(1)
    expect(await shown(page)).toBe('10\u202f000 calls')
    const rows = await page.locator('.row').count()
    expect(rows).toBeGreaterThan(15)
    expect(rows).toBeLessThan(80)
    await page.mouse.wheel(0, 100_000)
    await expect.poll(() => page.locator('.row').filter({ hasText: '#3350' }).count()).toBe(1)
    expect(await page.locator('.row').count()).toBeLessThan(80)
  })

  it('filters by outcome, label and text, counts what is left, and keeps the filters over a reload', async () => {
    const calls = madeCalls(300)
    const page = await open(calls)
    const failed = calls.filter(({ outcome }) => outcome === 'failed')
    await page.getByRole('button', { name: /^failed/ }).click()
    expect(await shown(page)).toBe(`${failed.length} of 300 calls`)
    expect(await page.locator('.figures .failed dd').textContent()).toContain('100 %')
    const turns = failed.filter(({ label }) => label === 'turn')
    await page.getByLabel('Label').selectOption('=turn')
    expect(await shown(page)).toBe(`${turns.length} of 300 calls`)
    await page.getByLabel('Find').fill('#9999')
    expect(await shown(page)).toBe('0 of 300 calls')
    expect(await page.locator('#empty').isVisible()).toBe(true)
    await page.getByLabel('Find').fill('ttfb_timeout')
    const left = await shown(page)
    expect(left).toMatch(/^[1-9]\d* of 300 calls$/)
    await page.reload()
    expect(await shown(page)).toBe(left)
    expect(await page.getByRole('button', { name: /^failed/ }).getAttribute('aria-pressed')).toBe('true')
    expect(await page.getByLabel('Find').inputValue()).toBe('ttfb_timeout')
  })

  it('sorts, and scales the bars', async () => {
    const calls = madeCalls(300)
    const page = await open(calls)
    const slowest = calls.reduce((a, b) => (b.durationMs > a.durationMs ? b : a))
    await page.getByLabel('Order').selectOption('slowest')
    expect(await firstRow(page).locator('b').textContent()).toBe(`#${slowest.callId}`)
    await page.getByLabel('Scale').selectOption('p95')
    expect(await firstRow(page).locator('.bar.beyond').count()).toBe(1)
    await page.getByLabel('Scale').selectOption('all')
    expect(await firstRow(page).locator('.bar.beyond').count()).toBe(0)
  })

  it('tells the history of the call below the pointer, and of the selected one afterwards', async () => {
    const page = await open(madeCalls(50))
    expect(await page.locator('#details .hint').isVisible()).toBe(true)
    await page.locator('#call-10').hover()
    expect(await page.locator('#details h2').textContent()).toMatch(/^call 10 completed/)
    expect(await page.locator('#details .history').textContent()).toMatch(
      /cut by the ttfb deadline of 45 s .*, while waiting/,
    )
    await page.locator('#call-3').click()
    await page.locator('#call-10').hover()
    await page.locator('h1').hover()
    expect(await page.locator('#details h2').textContent()).toMatch(/^call 3 /)
  })

  it('is used by the keyboard alone', async () => {
    const page = await open(madeCalls(500))
    const list = page.getByRole('listbox')
    for (let presses = 0; !(await page.evaluate("document.activeElement.id === 'list'")); presses++) {
      expect(presses).toBeLessThan(20)
      await page.keyboard.press('Tab')
    }
    const active = () => list.getAttribute('aria-activedescendant')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await active()).toBe('call-2')
    await page.keyboard.press('End')
    expect(await active()).toBe('call-500')
    const last = page.locator('#call-500')
    expect(await last.getAttribute('aria-selected')).toBe('true')
    expect(await last.getAttribute('aria-label')).toMatch(/^call 500, completed, .*\. attempt 1 /)
    const box = await last.boundingBox()
    expect((box?.y ?? 1e9) + (box?.height ?? 0)).toBeLessThanOrEqual(900)
    await page.keyboard.press('Home')
    expect(await active()).toBe('call-1')
    await page.keyboard.press('PageDown')
    expect(Number((await active())?.slice(5))).toBeGreaterThan(10)
    await page.keyboard.press('Escape')
    expect(await active()).toBeNull()
    expect(await page.locator('#details .hint').isVisible()).toBe(true)
  })

  it('prints every row of up to 500, and draws the visible ones again afterwards', async () => {
    const page = await open(madeCalls(3000))
    await page.evaluate(`addEventListener('beforeprint', () => {
      const rows = document.querySelectorAll('.row').length
      document.title = rows + ' rows; ' + document.querySelector('.more').textContent
    })`)
    const pdf = await page.pdf({ format: 'A4' })
    expect(pdf.length).toBeGreaterThan(10_000)
    expect(await page.title()).toBe('500 rows; The first 500 of 3000 calls. Filter to print others.')
    expect(await page.locator('.row').count()).toBeLessThan(80)
  })

  it('shows hostile texts as texts', async () => {
    const page = await open([hostileCall(), ...madeCalls(3).slice(1)])
    await page.locator('#call-1').click()
    expect(await page.locator('#details .facts').textContent()).toContain('</script><!--<script>alert(1)')
    expect(await page.locator('.row .label').first().textContent()).toContain('</script>')
    expect(await page.locator('script').count()).toBe(2)
  })

  it.each([1440, 390])('fits %d pixels, in light and dark, with a call selected and without', async (width) => {
    const colours: string[] = []
    for (const dark of [false, true]) {
      const page = await open(madeCalls(200), { width, dark })
      const overflow = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      expect(await overflow()).toBeLessThanOrEqual(0)
      await page.locator('#call-10').click()
      expect(await overflow()).toBeLessThanOrEqual(0)
      expect(await page.locator('#details h2').isVisible()).toBe(true)
      colours.push(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'))
      await page.close()
    }
    expect(new Set(colours).size).toBe(2)
  })

  it.each([1440, 1001, 390])(
    'is no wider than its window of %d pixels, whatever its texts and times are',
    async (width) => {
      const long = { ...hostileCall(), label: 'W'.repeat(2000), model: `${HOSTILE}${'名'.repeat(500)}` }
      const scales = [1, 999, 2000, 2010, 4999, 60_000, 36_000_000, 3_000_000_000]
      const lists = [[hostileCall()], [long, ...madeCalls(3)], ...scales.map((ms) => lasting(ms))]
      for (const calls of lists) {
        const page = await open(calls, { width })
        const widths = () => page.evaluate<number[]>('[document.documentElement.scrollWidth, innerWidth]')
        expect(await widths()).toEqual([width, width])
        await page.locator('.row').first().click()
        expect(await widths()).toEqual([width, width])
        expect(opened?.problems).toEqual([])
        await page.close()
      }
    },
  )

  it('says so where there is no call', async () => {
    const page = await open([])
    expect(await page.locator('#span').textContent()).toBe('no calls')
    expect(await page.locator('#empty').isVisible()).toBe(true)
  })
})
