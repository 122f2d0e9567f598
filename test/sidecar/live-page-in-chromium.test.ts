import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sidecar } from '../../src/sidecar/index.ts'
import { CHROMIUM, launchChromium, NEEDS_CHROMIUM } from '../support/chromium.ts'
import { TestSocket } from './support/client-socket.ts'
import { ask, JSON_HEADERS, stream } from './support/requests.ts'
import { withSidecar } from './support/scene.ts'

describe.skipIf(CHROMIUM === undefined)(`the live page in Chromium${NEEDS_CHROMIUM}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser.close()
  })

  /** Fails where the console says anything, a script throws, or something is asked of another origin. */
  async function open(sidecar: Sidecar, test: (page: Page) => Promise<void>, token?: string): Promise<void> {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      ...(token !== undefined && { httpCredentials: { username: 'me', password: token } }),
    })
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => problems.push(`console: ${message.text()}`))
    page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`))
    page.on('request', (request) => {
      if (!request.url().startsWith(sidecar.url)) problems.push(`request: ${request.url()}`)
    })
    await page.goto(sidecar.url)
    await test(page)
    expect(problems).toEqual([])
    await context.close()
  }

  const rows = (page: Page, of: 'under-way' | 'ended') => page.locator(`#${of} tbody tr`)

  it('shows a call that begins and ends, without a reload', () =>
    withSidecar({ webSocket: true }, ({ sidecar, upstream }) =>
      open(sidecar, async (page) => {
        await page.getByText('live', { exact: true }).waitFor()
        await page.getByText('No call is under way.').waitFor()
        upstream.addFaults({ at: 'before_event', event: 6, effect: 'stall', times: 2 })
        const client = await TestSocket.open(sidecar)
        client.create()
        const response = await stream(sidecar)
        await rows(page, 'under-way').filter({ hasText: 'streams' }).nth(1).waitFor()
        expect(await rows(page, 'under-way').allTextContents()).toEqual([
          expect.stringMatching(/streams.*gpt-5\.2.*WEBSOCKET \/v1\/responses/),
          expect.stringMatching(/streams.*gpt-5\.2.*POST \/v1\/responses/),
        ])
        upstream.release()
        await client.next('response.completed')
        await response.text()
        await client.close()
        await rows(page, 'ended').nth(1).waitFor()
        expect(await rows(page, 'under-way').count()).toBe(0)
        expect(await page.locator('#figures').textContent()).toMatch(/under way0.*ended2/)
      }),
    ))

  it('shows the timeline, and words of clients as words', () =>
    withSidecar({}, async ({ sidecar }) => {
      const hostile = '</script><img src=x onerror=alert(1)>'
      const body = JSON.stringify({ model: hostile, input: 'hi' })
      await ask(sidecar, { method: 'POST', path: '/v1/responses', headers: JSON_HEADERS, body })
      await open(sidecar, async (page) => {
        await rows(page, 'ended').first().waitFor()
        expect(await rows(page, 'ended').first().textContent()).toContain(hostile)
        const timeline = page.frameLocator('#timeline')
        await timeline.locator('.row').first().waitFor()
        expect(await timeline.locator('.row').count()).toBe(1)
      })
    }))

  it('says that the connection is lost, and finds the sidecar again', () =>
    withSidecar({}, async ({ sidecar }) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(sidecar.url)
      await page.getByText('live', { exact: true }).waitFor()
      await context.setOffline(true)
      const closing = sidecar.close()
      await page.getByText('not connected; trying again').waitFor()
      await closing
      await context.close()
    }))

  it('opens with the token as the password', () =>
    withSidecar({ token: 'token-of-the-sidecar' }, ({ sidecar }) =>
      open(
        sidecar,
        async (page) => {
          await page.getByText('live', { exact: true }).waitFor()
          await page.frameLocator('#timeline').locator('h1').waitFor()
        },
        'token-of-the-sidecar',
      ),
    ))

  it('fits a narrow screen', () =>
    withSidecar({}, async ({ sidecar }) => {
      await (await stream(sidecar)).text()
      await open(sidecar, async (page) => {
        await page.setViewportSize({ width: 390, height: 800 })
        await rows(page, 'ended').first().waitFor()
        const width = await page.evaluate('document.documentElement.scrollWidth')
        expect(width).toBeLessThanOrEqual(390)
      })
    }))
})
