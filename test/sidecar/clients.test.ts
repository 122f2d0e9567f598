import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Sidecar, startSidecar } from '../../src/sidecar/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'

const run = promisify(execFile)

let upstream: MockResponsesServer
let sidecar: Sidecar

beforeEach(async () => {
  upstream = await MockResponsesServer.start()
  sidecar = await startSidecar({ upstream: upstream.baseURL, port: 0, hedge: false })
})

afterEach(async () => {
  await sidecar.close()
  await upstream.close()
})

describe('the openai SDK, which knows of the sidecar by its base URL alone', () => {
  const client = () => new OpenAI({ baseURL: `${sidecar.url}/v1`, apiKey: 'sk-test', maxRetries: 0 })

  it('streams and creates over connections that die', async () => {
    upstream.script([{ at: 'headers', effect: 'reset' }, 'ok', { at: 'headers', effect: 'reset' }, 'ok'])
    let text = ''
    const stream = await client().responses.create({ model: 'gpt-5.2', input: 'hi', stream: true })
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta
    const response = await client().responses.create({ model: 'gpt-5.2', input: 'hi' })
    expect(text).toBe(response.output_text)
    expect(text).not.toBe('')
    upstream.assertConsumed()
  })

  it("sees the upstream's own refusal as the class of error that it knows", async () => {
    const body = { error: { code: 'context_length_exceeded', message: 'Too long.', type: 'invalid_request_error' } }
    upstream.script([{ at: 'headers', effect: 'status', status: 400, body }])
    const call = client().responses.create({ model: 'gpt-5.2', input: 'hi', stream: true })
    await expect(call).rejects.toThrow(OpenAI.BadRequestError)
    await expect(call).rejects.toMatchObject({ code: 'context_length_exceeded' })
  })

  it('sees a failure of the transport as one of the server, with the cause', async () => {
    upstream.refuseConnections()
    await sidecar.close()
    sidecar = await startSidecar({ upstream: upstream.baseURL, port: 0, maxRetries: 0 })
    const call = client().responses.create({
      model: 'gpt-5.2',
      input: 'hi',
      stream: true,
      previous_response_id: 'resp_1',
    })
    await expect(call).rejects.toThrow(OpenAI.InternalServerError)
    await expect(call).rejects.toThrow(/connection_refused/)
    await upstream.acceptConnections()
  })
})

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const hasCurl = works('curl', '--version')
const python = ['/usr/bin/python3', 'python3'].find((one) => works(one, '-c', 'import httpx'))

const READ_WITH_HTTPX = `
import httpx, json, sys
body = {"model": "gpt-5.2", "input": "hi", "stream": True}
text, types = "", []
with httpx.stream("POST", sys.argv[1] + "/v1/responses", json=body, headers={"authorization": "Bearer sk-test"}, timeout=600) as answer:
    for line in answer.iter_lines():
        if line.startswith("data: "):
            event = json.loads(line[6:])
            types.append(event["type"])
            text += event.get("delta", "") if event["type"] == "response.output_text.delta" else ""
print(json.dumps({"status": answer.status_code, "version": answer.http_version, "types": types, "text": text}))
`

describe('curl', () => {
  it.skipIf(!hasCurl)('streams through the sidecar, over a cut in the prelude', async () => {
    upstream.script([{ at: 'before_event', event: 1, effect: 'reset' }, 'ok'])
    const { stdout } = await run('curl', [
      ...['--silent', '--show-error', '--no-buffer', '--max-time', '20', `${sidecar.url}/v1/responses`],
      ...['-H', 'content-type: application/json', '-H', 'authorization: Bearer sk-test'],
      ...['-d', JSON.stringify({ model: 'gpt-5.2', input: 'hi', stream: true })],
    ])
    expect(stdout.match(/^event: response\.created$/gm)).toHaveLength(1)
    expect(stdout).toContain('event: response.completed')
    upstream.assertConsumed()
  })
})

describe('httpx of Python', () => {
  it.skipIf(python === undefined)('streams through the sidecar, over connections that die', async () => {
    upstream.script([{ at: 'headers', effect: 'reset' }, { at: 'before_event', event: 2, effect: 'reset' }, 'ok'])
    const { stdout } = await run(python as string, ['-c', READ_WITH_HTTPX, sidecar.url])
    const seen = JSON.parse(stdout) as { status: number; types: string[]; text: string }
    expect(seen).toMatchObject({ status: 200, text: 'You said: hi' })
    expect(seen.types.filter((type) => type === 'response.created')).toHaveLength(1)
    expect(seen.types.at(-1)).toBe('response.completed')
    upstream.assertConsumed()
  })
})
