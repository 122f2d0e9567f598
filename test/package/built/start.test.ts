import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { DEPENDENCIES, importTime, PACKAGE, startTimes } from '../../../scripts/import-time.ts'
import { RawServer } from '../../support/raw-server.ts'

const run = promisify(execFile)

/** Which dependencies `code` loads, in a new process. */
async function loadedBy(code: string): Promise<unknown> {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({
      resolve(specifier, context, next) {
        if (/^(?:zod|undici|eventsource-parser)\\b/.test(specifier)) loaded.add(specifier)
        return next(specifier, context)
      },
    })
    const { ResilientClient } = await import('resilient-responses')
    const { recordCalls } = await import('resilient-responses/timeline')
    ${code}
    process.stdout.write(JSON.stringify([...loaded].sort()), () => process.exit())`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: inject('consumerFolder'),
  })
  return JSON.parse(stdout)
}

const EVENTS = [
  { type: 'response.created', response: { id: 'resp_1' } },
  { type: 'response.completed', response: { id: 'resp_1', status: 'completed', output: [] } },
]

describe('the start of a program that has the package', () => {
  it('loads no dependency with the import, nor with a client', async () => {
    expect(await loadedBy('')).toEqual([])
    expect(await loadedBy("new ResilientClient({ validate: 'strict', onEvent() {}, hedge: true })")).toEqual([])
  })

  it.each([
    ['no listener, and so no report', '{}', ['eventsource-parser', 'undici/lib/dispatcher/client.js']],
    ['a listener', '{ onEvent() {} }', ['eventsource-parser', 'undici/lib/dispatcher/client.js', 'zod/mini']],
    ['a recorder', '{ instrumentations: [recordCalls()] }', ['eventsource-parser', 'undici/lib/dispatcher/client.js']],
    ['strict checks', "{ validate: 'strict' }", ['eventsource-parser', 'undici/lib/dispatcher/client.js', 'zod/mini']],
  ])('loads with the first typed call what that call needs: %s', async (_what, options, expected) => {
    const body = EVENTS.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
    await using server = await RawServer.answering((_request, connection) =>
      connection.write(
        `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ),
    )
    const code = `
      const client = new ResilientClient({ baseURL: '${server.url}/v1', ...${options} })
      const { status } = await client.responses.stream({ model: 'm', input: 'hi' }).finalResponse()
      if (status !== 'completed') throw new Error(status)
      await client.close()
      // The checks of a report are loaded after the event was delivered.
      while (${expected.includes('zod/mini')} && !loaded.has('zod/mini')) await new Promise(setImmediate)`
    expect(await loadedBy(code)).toEqual(expected)
  })

  it('takes with import and first client at most 0.7 of the time that its dependencies alone take', async () => {
    const folder = inject('consumerFolder')
    let dependenciesMs = Infinity
    let clientMs = Infinity
    for (let round = 0; round < 15; round++) {
      dependenciesMs = Math.min(dependenciesMs, await importTime(folder, DEPENDENCIES))
      clientMs = Math.min(clientMs, (await startTimes(folder, [PACKAGE], 1))[0]?.clientMs ?? Infinity)
    }
    expect(clientMs / dependenciesMs).toBeLessThan(0.7)
  })
})
