import { describe, expect, it } from 'vitest'
import type { Sidecar } from '../../src/sidecar/index.ts'
import { until } from '../support/until.ts'
import { refusedUpgrade, TestSocket } from './support/client-socket.ts'
import { ask, JSON_HEADERS, stream } from './support/requests.ts'
import { withSidecar } from './support/scene.ts'

interface Snapshot {
  readonly stats: { readonly calls: number; readonly ended: number }
  readonly underWay: readonly Readonly<Record<string, unknown>>[]
  readonly ended: readonly Readonly<Record<string, unknown>>[]
}

/** What a page is told, the latest last. */
async function follow(sidecar: Sidecar, headers: Record<string, string> = {}) {
  const controller = new AbortController()
  const response = await fetch(`${sidecar.url}/_live/events`, { headers, signal: controller.signal })
  expect(response.status).toBe(200)
  const told: Snapshot[] = []
  let text = ''
  const over = (async () => {
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
      text += chunk
      const frames = text.split('\n\n')
      text = frames.pop() as string
      told.push(...frames.map((frame) => JSON.parse(frame.slice('data: '.length)) as Snapshot))
    }
  })().catch(() => {})
  const close = async (): Promise<void> => {
    controller.abort()
    await over
  }
  return { told, close, over }
}

it.each([
  ['a key', 'sk-planted-model-9f2c'],
  ['the credential of the program', 'key-of-the-client'],
  ['a header', 'Authorization: Bearer planted-model'],
  ['control characters', '\u001b[2Jgpt\u202e\n{"planted":"line"}\u0000'],
  ['a long text', 'model '.repeat(20_000)],
])('a model that is %s is shown nowhere as it was sent', (_, model) =>
  withSidecar({}, async ({ sidecar, told }) => {
    await (await stream(sidecar, { model })).text()
    await until(() => told.length === 1, 'the call is logged')
    const paths = ['/_live/calls', '/_live/timeline', '/metrics']
    const shown = [
      JSON.stringify(told),
      ...(await Promise.all(paths.map((path) => ask(sidecar, { path })))).map(({ text }) => text),
    ]
    for (const text of shown) {
      expect(text).not.toMatch(/sk-planted|key-of-the-client|Bearer planted|gpt[^"]*\\n/)
      // As they are, or escaped in JSON.
      for (const hidden of ['\u001b', '\\u001b', '\u202e', '\\u202e', '\\u0000']) expect(text).not.toContain(hidden)
      expect(text).not.toContain('model '.repeat(17))
    }
    expect(told[0]?.model).not.toBeUndefined()
  }),
)

describe('the live page', () => {
  it('is told of calls under way, over HTTP and WebSocket, and of those that have ended', () =>
    withSidecar({ webSocket: true }, async ({ sidecar, upstream }) => {
      const page = await follow(sidecar)
      await until(() => page.told.length > 0, 'the page to be told')
      expect(page.told.at(-1)).toMatchObject({ stats: { calls: 0, ended: 0 }, underWay: [], ended: [] })
      upstream.addFaults({ at: 'before_event', event: 6, effect: 'stall', times: 2 })
      const client = await TestSocket.open(sidecar)
      client.create()
      const response = await stream(sidecar)
      // The first that shows both may be from before the answer of the second.
      await until(() => page.told.at(-1)?.underWay[1]?.status === 200, 'both to be shown')
      const underWay = [
        { method: 'WEBSOCKET', path: '/v1/responses', model: 'gpt-5.2' },
        { method: 'POST', path: '/v1/responses', model: 'gpt-5.2', status: 200 },
      ]
      expect(page.told.at(-1)?.underWay).toMatchObject(underWay)
      const { headers, text } = await ask(sidecar, { path: '/_live/calls' })
      expect(headers['content-type']).toBe('application/json')
      expect(JSON.parse(text)).toMatchObject({ stats: { calls: 2 }, underWay, ended: [] })
      upstream.release()
      await client.next('response.completed')
      await response.text()
      await client.close()
      await until(() => page.told.at(-1)?.ended.length === 2, 'both to have ended')
      expect(page.told.at(-1)).toMatchObject({
        stats: { calls: 0, ended: 2 },
        underWay: [],
        ended: [{ outcome: 'completed' }, { outcome: 'completed' }],
      })
      await page.close()
    }))

  it('shows the timeline of the calls to the upstream, and nothing of what they say', () =>
    withSidecar({}, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'headers', effect: 'reset' }, 'ok'])
      const body = JSON.stringify({ model: 'gpt-5.2', input: 'a secret prompt', stream: true })
      const headers = { ...JSON_HEADERS, 'x-tenant': 'secret-tenant' }
      await ask(sidecar, { method: 'POST', path: '/v1/responses?key=in-the-query', headers, body })
      const answer = await ask(sidecar, { path: '/_live/timeline' })
      expect(answer).toMatchObject({ status: 200 })
      expect(answer.text).toContain('connection_reset')
      expect(answer.headers['content-security-policy']).toContain('sandbox allow-scripts')
      const page = await follow(sidecar)
      await until(() => page.told.length > 0, 'the page to be told')
      const all = answer.text + JSON.stringify(page.told) + (await ask(sidecar, { path: '/' })).text
      for (const word of ['secret', 'in-the-query', 'key-of-the-client']) expect(all).not.toContain(word)
      await page.close()
    }))

  it('may run what stands in it, and nothing else', () =>
    withSidecar({}, async ({ sidecar }) => {
      const { headers, text } = await ask(sidecar, { path: '/' })
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:; connect-src 'self'; frame-src 'self'; frame-ancestors 'none'/,
      )
      expect(text).not.toMatch(/ (?:on\w+|style)=/)
      expect(headers['cache-control']).toBe('no-store')
    }))

  it('is for those who know the token, which a browser asks for as a password', () =>
    withSidecar({ token: 'token-of-the-sidecar' }, async ({ sidecar, upstream }) => {
      for (const path of ['/', '/_live/calls', '/_live/events', '/_live/timeline']) {
        const refused = await ask(sidecar, { path })
        expect(refused.status).toBe(401)
        expect(refused.headers['www-authenticate']).toMatch(/^Basic /)
        expect(await ask(sidecar, { path, headers: { host: 'evil.example' } })).toMatchObject({ status: 421 })
        const crossSite = { 'sec-fetch-site': 'cross-site' }
        expect(await ask(sidecar, { path, headers: crossSite })).toMatchObject({ status: 403 })
      }
      const basic = (password: string) => ({
        authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}`,
      })
      expect(await ask(sidecar, { path: '/', headers: basic('token-of-the-sidecar') })).toMatchObject({ status: 200 })
      expect(await ask(sidecar, { path: '/', headers: basic('another-token-of-it') })).toMatchObject({ status: 401 })
      expect(await ask(sidecar, { path: '/', method: 'POST', headers: basic('token-of-the-sidecar') })).toMatchObject({
        status: 405,
      })
      // What goes to the upstream must not be let in by it.
      expect(await ask(sidecar, { path: '/v1/models', headers: basic('token-of-the-sidecar') })).toMatchObject({
        status: 401,
      })
      const page = await follow(sidecar, basic('token-of-the-sidecar'))
      await page.close()
      expect(upstream.requests).toHaveLength(0)
    }))

  it('is open 16 times at most', () =>
    withSidecar({}, async ({ sidecar }) => {
      const pages = []
      for (let n = 0; n < 16; n++) pages.push(await follow(sidecar))
      const refused = await ask(sidecar, { path: '/_live/events' })
      expect(refused.status).toBe(503)
      expect(refused.text).toContain('too_many_pages')
      await pages[0]?.close()
      await until(() => sidecar.stats().clients < 17, 'the page to be gone')
      pages[0] = await follow(sidecar)
      for (const page of pages) await page.close()
    }))

  it('keeps all paths under /_live from the upstream, with every method and for upgrades', () =>
    withSidecar({ webSocket: true }, async ({ sidecar, upstream }) => {
      for (const path of [
        '/_live',
        '/_live/',
        '/_live/x',
        '/_live/state',
        '/_live/responses',
        '/_live/events/?a=1',
        '/%5flive/x',
        '/_l%69ve/responses',
        '/%5Flive',
      ]) {
        for (const method of ['GET', 'HEAD', 'DELETE', 'POST']) {
          expect(await ask(sidecar, { path, method })).toMatchObject({ status: 404 })
        }
        expect(await refusedUpgrade(sidecar, {}, path)).toMatchObject({ status: expect.toSatisfy((s) => s >= 400) })
      }
      expect(upstream.requests).toHaveLength(0)
      expect(upstream.sockets).toHaveLength(0)
    }))

  it('answers HEAD at once, and keeps its places for pages', () =>
    withSidecar({}, async ({ sidecar }) => {
      for (let n = 0; n < 20; n++) {
        const head = await ask(sidecar, { method: 'HEAD', path: '/_live/events' })
        expect(head).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
      }
      const page = await follow(sidecar)
      await page.close()
    }))

  it('does not keep a sidecar from closing', () =>
    withSidecar({}, async ({ sidecar }) => {
      const page = await follow(sidecar)
      await sidecar.close()
      await page.over
    }))
})
