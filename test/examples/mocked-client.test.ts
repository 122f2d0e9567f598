import { readFileSync } from 'node:fs'
import path from 'node:path'
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import OpenAI from 'openai'
import { expect, it, vi } from 'vitest'
import { fetchTransport } from '../../src/index.ts'
import { client } from './children/own-client.ts'

// As on the page, where the module is called './client.js'.
vi.mock('./children/own-client.ts', async (importOriginal) => {
  const { createClient } = await importOriginal<typeof import('./children/own-client.ts')>()
  const transport = fetchTransport((input, init) => fetch(input, init))
  return {
    client: createClient({ apiKey: 'test', transport, retry: { baseDelayMs: 1, maxDelayMs: 1, budget: false } }),
  }
})

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/mocks.md'), 'utf8')

it('the client of docs/mocks.md keeps the options of the program, and its requests reach MSW', async () => {
  const bodies: unknown[] = []
  const server = setupServer(
    http.post('https://api.openai.com/v1/responses', async ({ request }) => {
      bodies.push(await request.json())
      if (bodies.length < 4) return new HttpResponse(null, { status: 503 })
      return HttpResponse.json({ id: 'resp_1', object: 'response', status: 'completed', output: [] })
    }),
  )
  server.listen()
  const openai = new OpenAI({ fetch: client.fetch, maxRetries: 0, timeout: 3_600_000, apiKey: 'test' })
  const response = await openai.responses.create({ model: 'gpt-5.2', input: 'Hello' })
  expect(response.id).toBe('resp_1')
  // Four requests: `maxRetries` of the program. `stream: true`: its `upgradeToStream`.
  expect(bodies).toEqual(Array(4).fill({ model: 'gpt-5.2', input: 'Hello', stream: true }))
  expect(client.stats().activeCalls).toBe(0)
  server.close()
  await client.close()
})

it('the module and the test are those of the page', () => {
  const own = readFileSync(path.join(import.meta.dirname, 'children/own-client.ts'), 'utf8')
  expect(page).toContain(own.slice(own.indexOf('export function')))
  const mocked = readFileSync(path.join(import.meta.dirname, 'mocked-client.test.ts'), 'utf8')
  const recipe = /vi\.mock\('\.\/client\.js', async \(importOriginal\) => \{\n {2}(?:.*)\n([\s\S]*?)\n\}\)/.exec(
    page,
  )?.[1]
  expect(mocked).toContain(recipe)
})
