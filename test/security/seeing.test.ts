import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { expect, it, vi } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { explain, ResilientClient, type ResilientError } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { recordCalls, renderHtml, renderText } from '../../src/timeline/index.ts'
import { startSdk } from '../opentelemetry/rig.ts'

const KEY = 'sk-planted-key-9f2c'
const PROMPT = 'planted prompt: where is the treasure'
const ANSWER = 'planted answer: below the old oak'
const QUERY = 'planted-query-77'
const SECRET = /planted|treasure|old oak/

/** What an endpoint can say of a request: all of it, wherever a text can stand. */
const ECHO = {
  error: { code: `${PROMPT} ${KEY}`, type: PROMPT, param: QUERY, message: `no: ${PROMPT}, ${KEY}, ${QUERY}` },
}

it('no key, prompt, answer or query is in a span, a metric, the page, the JSONL, the text, the output of the command or a log', async () => {
  const sdk = startSdk()
  const recorder = recordCalls()
  const lines: string[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(line) })
  await using server = await MockResponsesServer.start({
    respond: () => textStream({ text: ANSWER, id: 'resp_1' }),
  })
  const headers = { 'x-request-id': `${KEY} ${PROMPT}` }
  const refused = { at: 'headers', effect: 'status', status: 400, headers, body: ECHO } as const
  server.script([
    { at: 'headers', effect: 'status', status: 503, headers, body: ECHO },
    'ok',
    refused,
    { at: 'before_event', event: 6, effect: 'reset' },
  ])
  const client = new ResilientClient({
    baseURL: `${server.baseURL}?key=${QUERY}`,
    apiKey: KEY,
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
    instrumentations: [openTelemetry(), recorder],
  })
  const told: string[] = []
  for (let n = 0; n < 3; n++) {
    const error = await client.responses
      .stream({ model: 'm', input: PROMPT })
      .finalResponse()
      .then(
        () => undefined,
        (thrown: ResilientError) => thrown,
      )
    if (error === undefined) continue
    logger.error(error, 'the call failed')
    logger.error({ failed: error.toJSON() }, 'the same as JSON')
    told.push(explain(error, { picture: true }) ?? '')
  }
  expect(told).toHaveLength(2)
  const calls = recorder.calls()
  expect(calls.map(({ attempts }) => attempts.length)).toEqual([2, 1, 1])

  const folder = mkdtempSync(path.join(os.tmpdir(), 'resilient-responses-secrets-'))
  const file = path.join(folder, 'calls.jsonl')
  await recorder.write(file)
  const body = path.join(folder, 'body.json')
  writeFileSync(body, JSON.stringify({ input: PROMPT }))
  vi.stubEnv('PROBE_KEY', KEY)
  server.addFaults({ ...refused, times: 1 })
  const output: string[] = []
  const command = async (...args: string[]): Promise<void> => {
    const write = (text: string): void => void output.push(text)
    await run(args, { out: write, err: write, onStop: () => () => {} })
  }
  const address = `${server.baseURL}?key=${QUERY}`
  const probe = ['probe', '--model', 'm', '--base-url', address, '--api-key-env', 'PROBE_KEY', '--body', body]
  await command(...probe, '--calls', '2', '--every', '1ms')
  await command(...probe, '--calls', '1', '--every', '1ms', '--json')
  for (const how of [['--text'], ['--json'], ['-o', '-']]) await command('report', file, ...how)
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
  expect(output.join('')).toContain('status 400')

  const spans = sdk.spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
  expect(spans.length).toBeGreaterThan(6)
  const seen: Readonly<Record<string, string>> = {
    spans: JSON.stringify(spans),
    metrics: JSON.stringify([...(await sdk.metrics())]),
    page: renderHtml(calls),
    jsonl: recorder.toJSONL(),
    text: renderText(calls),
    command: output.join(''),
    logs: lines.join(''),
    explained: told.join(''),
  }
  for (const [where, text] of Object.entries(seen)) {
    expect(text.length, where).toBeGreaterThan(100)
    const found = SECRET.exec(text)
    const around = text.slice(Math.max(0, (found?.index ?? 0) - 100), (found?.index ?? 0) + 60)
    expect(found?.[0], `${where}: ${around}`).toBeUndefined()
  }
  await client.close()
  await sdk.stop()
})
