import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { createRecordedClient } from '../../examples/timeline.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { readCalls } from '../../src/timeline/index.ts'

it('the calls of a client become a picture, a page and a file', async () => {
  await using server = await MockResponsesServer.start()
  server.script([{ at: 'headers', effect: 'status', status: 503 }])
  const { client, ...recorded } = createRecordedClient({
    apiKey: 'sk-test',
    baseURL: server.baseURL,
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
  })
  await client.responses.create({ model: 'gpt-5', input: 'hi' })
  expect(recorded.picture()).toMatch(/^ {2}call \d+ +.*✕.*█* +✓ ok .*\n +status 503$/m)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'resilient-responses-timeline-'))
  await recorded.writePage(path.join(folder, 'calls.html'))
  await recorded.writeCalls(path.join(folder, 'calls.jsonl'))
  expect(await readFile(path.join(folder, 'calls.html'), 'utf8')).toContain('<h1>Calls of the agent</h1>')
  const calls = readCalls(await readFile(path.join(folder, 'calls.jsonl'), 'utf8'))
  expect(calls).toMatchObject([{ model: 'gpt-5', outcome: 'completed', attempts: [{ status: 503 }, { status: 200 }] }])
  await rm(folder, { recursive: true })
  await client.close()
})
